/** What has been looked at since the page was loaded: the menu leads back to it, at the place looked at last. */

import type { PageName } from "./page";
import type { Params, View } from "./state";
import type { Study } from "./types";

const PLACE = ["source", "country", "industry", "year"] as const;
type Name = (typeof PLACE)[number];
/** What pages have of a place; the lists of Data and Claims are filtered by their own choices only. */
const HAVE: Partial<Record<PageName, readonly Name[]>> = {
  measure: PLACE,
  chains: PLACE,
  interaction: PLACE,
};

export class Visit {
  readonly #last = new Map<string, Params>();
  #place: Partial<Record<Name, string>> = {};
  /** Measure was left at one industry, not at a whole sector. */
  #single = false;

  constructor(private readonly study: Pick<Study, "sources" | "industries">) {}

  see({ page, params: { lang: _lang, theme: _theme, ...own } }: View): void {
    this.#last.set(page, own);
    const names = HAVE[page as PageName];
    if (names === undefined || own["table"]) return;
    const source = this.#source(own);
    if (source !== this.#source(this.#place)) this.#place = {};
    for (const name of names) {
      const [value = ""] = (own[name] ?? "").split(",");
      if (value !== "" && (name !== "industry" || this.#isIndustry(source, value))) this.#place[name] = value;
    }
  }

  /** The industry, or the whole, that Measure shows. */
  at(industry: string): void {
    this.#single = this.#isIndustry(this.#source(this.#place), industry);
    if (this.#single) this.#place.industry = industry;
  }

  /** A page as it was left, moved to the place looked at last. */
  params(page: PageName): Params {
    const own = this.#last.get(page) ?? {};
    const names = HAVE[page];
    if (names === undefined || own["table"]) return own;
    const next: Record<string, string> = { ...own };
    if (this.#source(own) !== this.#source(this.#place)) for (const name of ["industry", "year", "with"]) delete next[name];
    for (const name of names) {
      const value = this.#place[name];
      if (value === undefined || (own[name] ?? "").split(",")[0] === value || (name === "industry" && !this.#takesIndustry(page))) continue;
      next[name] = value;
      if (name === "industry" && page === "measure") next["by"] = "industry";
      delete next["cell"];
    }
    return next;
  }

  #source(params: Params): string {
    return params["source"] ?? this.study.sources[0]?.name ?? "";
  }

  /** Measure keeps a whole sector; an industry is for its first look, or instead of another. */
  #takesIndustry(page: PageName): boolean {
    return page !== "measure" || !this.#last.has(page) || this.#single;
  }

  #isIndustry(source: string, code: string): boolean {
    return this.study.industries[source]?.some((one) => one.code === code) ?? false;
  }
}
