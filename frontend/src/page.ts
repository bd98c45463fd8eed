/** What a page gets and gives. */

import type { Api, Query } from "./api";
import type { Key } from "./text";
import type { Colours, Theme } from "./theme";
import type { Lang, Study, Words } from "./types";
import type { State } from "./state";

export type Cleanup = () => void;

export interface Context {
  readonly state: State;
  readonly api: Api;
  readonly study: Study;
  readonly lang: Lang;
  readonly theme: Theme;
  readonly colours: Colours;
  /** A text of the core (`src/text/en.ts`); `{name}` is replaced from `values`. */
  readonly t: (key: Key, values?: Record<string, string | number>) => string;
  /** Server words in the page's language; a plain text stays as it is. */
  readonly say: (words: Words | string | null | undefined) => string;
  /** Tells the menu which industry, or whole, is looked at where the address leaves that to the page. */
  readonly at: (industry: string) => void;
  /** Aborts when the page is left. */
  readonly left: AbortSignal;
  /** Runs now and whenever one of these parameters changes; `signal` aborts the run before. */
  readonly watch: (names: readonly string[], run: (signal: AbortSignal) => void | Promise<void>) => void;
  /**
   * Asks the server and draws into `place`: progress while it computes, an error notice when it
   * refuses, `draw` with the answer otherwise. What `draw` returns replaces what `place` holds.
   */
  readonly load: <T>(
    place: HTMLElement,
    path: string,
    query: Query,
    draw: (answer: T) => Node | readonly Node[] | void,
    signal?: AbortSignal,
  ) => Promise<void>;
}

export interface Page {
  readonly title: (ctx: Context) => string;
  /** Fills `root`; what it returns is called when the page is left (charts free themselves). */
  readonly render: (root: HTMLElement, ctx: Context) => Cleanup | void;
}

type Loader = () => Promise<{ page: Page }>;

/**
 * The menu: pages in order, those that belong together in one group. A new page is a line here, a
 * file in `pages/` and a menu word in both core texts. `null` keeps the place of a page this version
 * does not have: it has no menu item, and its address says that it is not here yet.
 */
export const GROUPS = [
  { home: () => import("./pages/home") },
  {
    measure: () => import("./pages/measure"),
    chains: () => import("./pages/chains"),
    interaction: () => import("./pages/interaction"),
    regions: null,
  },
  { explain: () => import("./pages/explain"), claims: () => import("./pages/claims") },
  { scenarios: null },
  { data: () => import("./pages/data") },
] as const satisfies readonly Readonly<Record<string, Loader | null>>[];

type Names<G> = G extends unknown ? keyof G & string : never;
export type PageName = Names<(typeof GROUPS)[number]>;

export const PAGES = Object.assign({}, ...GROUPS) as Readonly<Record<PageName, Loader | null>>;
