/** What the views of this page share: answers, names, colours of relations. */

import { address, type Query } from "../../api";
import { h } from "../../dom";
import { number } from "../../format";
import type { Context } from "../../page";
import type { AboutPanel } from "../../parts/about";
import { copyable } from "../../parts/about";
import { dataLinks } from "../../parts/files";
import { notice } from "../../parts/notice";
import type { Say } from "../../text/interaction";
import type { About, Cell, Frame, Lang, Words } from "../../types";

export interface Absent {
  readonly place: string;
  readonly found: string;
  readonly expected: string;
  readonly remedy: string;
  readonly add: string;
}

export interface Scope {
  readonly source: readonly string[];
  readonly country: readonly string[];
  readonly group?: readonly string[];
  readonly industry?: readonly string[];
}

/** `/api/interaction`. */
export interface Holds {
  readonly modes: Scope | null;
  readonly symbiosis: Scope | null;
  readonly community: { readonly held: readonly string[]; readonly choices: readonly string[]; readonly live: boolean };
  readonly add: { readonly modes: string; readonly symbiosis: string };
}

export interface ModesAnswer extends Frame {
  readonly absent?: Absent;
  readonly about: About;
  readonly grouping: string;
  readonly window: number;
  readonly labels: { readonly industry: readonly string[]; readonly group: readonly string[] };
  readonly titles: { readonly industry: Readonly<Record<string, string | Words>>; readonly group: Readonly<Record<string, Words>> };
  readonly evidence: Frame;
  readonly windows: Frame;
  readonly countries: Frame;
  readonly transitions: Frame;
  readonly transitions_absent: Readonly<Record<string, string>>;
  readonly undefined: readonly string[];
}

type Titles = Readonly<Record<string, Words>>;

export interface CommunityAnswer extends Frame {
  readonly year: number;
  readonly by: string;
  readonly unit: string;
  /** By measure. */
  readonly abouts: Readonly<Record<"throughflow" | "cycling" | "adhesion" | "nutrition" | "utility_relation" | "flow_indicators" | "ascendency" | "synergism", About>>;
  readonly titles: Titles;
  readonly nodes: Frame;
  readonly edges: Frame;
  readonly relations: Frame;
  readonly indicators: Frame;
}

export interface MutualismAnswer extends Frame {
  readonly about: About;
  readonly titles: Titles;
  readonly nodes: readonly string[];
  readonly counts: Frame;
}

type Point = readonly [number, number];

export interface Fit {
  readonly first: string;
  readonly second: string;
  readonly kind: string;
  readonly reason: string | null;
  readonly possible: readonly string[];
  readonly notes: readonly string[];
  readonly likeliest: string;
  readonly probability: number | null;
  readonly interaction_p: number | null;
  readonly level: number;
  readonly intervals: string;
  readonly equilibrium: Readonly<Record<string, Cell>>;
}

export interface SymbiosisAnswer extends Frame {
  readonly absent?: Absent;
  readonly about: About;
  readonly species: readonly [string, string];
  readonly countries: Frame;
  readonly lost: readonly string[];
  readonly unit: string;
  readonly fit: Fit | null;
  readonly parameters: Frame;
  readonly path: Frame;
  readonly portrait: {
    readonly limits: readonly [Point, Point];
    readonly field: Frame;
    readonly nullclines: Readonly<Record<"first" | "second", readonly Point[]>>;
    readonly equilibria: readonly { x: number; y: number; kind: string; stable: boolean; coexistence: boolean }[];
    readonly equilibrium_drawn: boolean;
  };
}

export interface Kit {
  readonly ctx: Context;
  readonly t: Say;
  readonly panel: AboutPanel;
  readonly holds: Holds;
  /** Source and country the page is at. */
  readonly at: () => { readonly source: string; readonly country: string };
  readonly years: () => readonly number[];
  readonly place: (code: string) => string;
}

/** A view puts its controls and figures into the panel and says how it is brought up to date. */
export type Build = (kit: Kit, panel: HTMLElement) => (signal: AbortSignal) => Promise<void>;

/** Names of the parameters of the address this page reads. */
export const PARAMETERS = ["view", "source", "country", "group", "industry", "year", "by"] as const;

export function absent(kit: Kit, why: "absent_modes" | "absent_symbiosis" | "absent_community", lines = ""): HTMLElement {
  const { ctx, t } = kit;
  return notice("info", h("strong", {}, t("absent")), h("p", {}, t(why)), lines && copyable(ctx, t("add"), lines));
}

/** Files of a table that stands alone. */
export function files(kit: Kit, path: string, query: Query): HTMLElement {
  return h("p", { class: "actions" }, dataLinks(kit.ctx, address(path, query)));
}

export function titled(kit: Kit, titles: Titles, code: string): string {
  return kit.ctx.say(titles[code] ?? code.replaceAll("_", " "));
}

/** Short names for places without room: what is in brackets and the word "community" say little. */
export function brief(words: string): string {
  const short = words.replace(/[ -](sub-)?community$/i, "").replace(/( 하위)? 군집$/, "");
  return BRIEF[short] ?? short;
}

const BRIEF: Readonly<Record<string, string>> = { Agricultural: "Agriculture", Industrial: "Industry", "Producer-services": "Producer services" };

export function yearOf(kit: Kit): number {
  const years = kit.years();
  const asked = Number(kit.ctx.state.get("year"));
  return years.includes(asked) ? asked : (years.at(-1) ?? 0);
}

export function byOf(kit: Kit): string {
  const { choices, held } = kit.holds.community;
  const asked = kit.ctx.state.get("by");
  return choices.includes(asked) ? asked : (held[0] ?? choices[0] ?? "");
}

export function asked(kit: Kit, more: Query = {}): Query {
  return { ...kit.at(), ...more };
}

export const share = (value: unknown, lang: Lang): string => number(value, "share", lang);

/** Text that can be read on a colour. */
export function inkOn(colour: string): string {
  const light = [1, 3, 5]
    .map((at) => parseInt(colour.slice(at, at + 2), 16) / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  const [r = 0, g = 0, b = 0] = light;
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.2 ? "#14191f" : "#ffffff";
}

export const CODES = [4, 2, -2, -4, 0, 3, 1, -1, -3] as const;
type Code = (typeof CODES)[number];

/** Colour of a relation; services keep theirs. */
export function relationColour(kit: Kit, code: number): string {
  const { series, missing } = kit.ctx.colours;
  const at: Partial<Record<number, number>> = { 4: 1, 2: 0, [-2]: 3, [-4]: 2 };
  return series[at[code] ?? -1] ?? missing;
}

export function relationWords(kit: Kit, value: Cell | undefined): string {
  const code = CODES.find((one) => one === value);
  return code === undefined ? kit.t("relation.undefined") : kit.t(`relation.${code as Code}`);
}

/** `+ −`: gain of the one, gain of the other. */
export function signs(value: Cell | undefined): string {
  if (typeof value !== "number") return "";
  const own = Math.sign(Math.round(value / 3));
  const other = value - 3 * own;
  const sign = (one: number) => (one > 0 ? "+" : one < 0 ? "−" : "0");
  return `${sign(own)} ${sign(other)}`;
}

/** How many pairs are in which relation, whichever of the two it favours. */
export function counted(kit: Kit, codes: readonly (Cell | undefined)[]): string {
  const found = new Map<string, number>();
  for (const code of codes) {
    const words = code === 2 || code === -2 ? kit.t("pair.2") : relationWords(kit, code);
    found.set(words, (found.get(words) ?? 0) + 1);
  }
  return [...found].map(([words, count]) => `${words} ${count}`).join(", ");
}

export function relationPieces(kit: Kit, codes: readonly (Cell | undefined)[]) {
  return CODES.filter((code) => codes.includes(code)).map((code) => ({
    value: code,
    label: `${signs(code)} ${relationWords(kit, code)}`,
    color: relationColour(kit, code),
  }));
}
