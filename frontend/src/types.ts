/** What the server answers (see docs: the same API serves R and Stata). */

export type Lang = "en" | "ko";
export type Words = Readonly<Record<Lang, string>>;
export type Cell = string | number | boolean | null;
/** A table by columns, all of the same length; a number nobody has is null. */
export type Columns = Readonly<Record<string, readonly Cell[]>>;
export interface Frame {
  readonly columns: Columns;
  readonly rows: number;
}

export interface Evidence {
  readonly tables?: number;
  readonly inputs?: readonly { readonly file: string; readonly sha256: string; readonly source: string }[];
  readonly data_residual?: number | null;
  readonly numeric_residual?: number | null;
  /** How many files there are; `inputs` are the first of them. */
  readonly files?: number;
  /** Names of the sources they are of. */
  readonly sources?: readonly string[];
  readonly undefined: number;
  readonly undefined_first: string | Words | null;
  /** The table with the largest accounting residual: "ROU 2014". */
  readonly data_residual_at?: string;
  /** The same of the whole study, where these tables are not all. */
  readonly whole?: Partial<Evidence>;
}

export interface About {
  readonly measure: string;
  readonly title: string | Words;
  readonly question: string | Words;
  readonly formula: string;
  readonly unit: string;
  readonly unit_name?: Words;
  readonly source: string;
  readonly definition: string | Words | null;
  readonly identity: string | Words | null;
  readonly evidence: Evidence | null;
  /** Options in words. */
  readonly words?: string | Words;
  readonly notes?: readonly string[];
  readonly notes_ko?: readonly string[];
  readonly problems?: readonly string[];
  readonly cli: string;
  /** Why there is no line for a shell, where `cli` is "". */
  readonly cli_none?: Words | null;
  readonly python: string;
  readonly synthetic: boolean;
}

export interface Labels {
  readonly industry?: readonly string[];
  readonly group?: readonly string[];
  readonly part?: readonly string[];
  readonly partner?: readonly string[];
}

export interface MeasureAnswer extends Frame {
  readonly about: About;
  readonly labels: Labels;
  readonly stored: boolean;
  /** Rows without a number, and why. */
  readonly undefined?: Frame;
}

export interface SpreadAnswer extends Frame {
  readonly about: About;
}

export interface CellAnswer {
  readonly about: About;
  readonly value: number | null;
  readonly parts: Frame;
  readonly sums: Readonly<Record<string, number | null>>;
  readonly check: unknown;
}

export interface MeasureOption {
  readonly name: string;
  readonly kind: string;
  readonly default: Cell;
  readonly choices: readonly Cell[] | null;
  readonly words: string;
  /** "groupings": a name of a grouping is wanted. */
  readonly takes?: string;
  readonly title: Words;
  /** Of the choices. */
  readonly titles?: Readonly<Record<string, Words>>;
}

export interface MeasureInfo {
  readonly name: string;
  readonly family: string;
  readonly title: Words;
  readonly question: string | Words;
  readonly unit: string;
  readonly range: unknown;
  readonly formula: string;
  readonly identity: string | null;
  readonly source: string;
  readonly compares: unknown;
  /** What the measure needs and none of the study's tables has. */
  readonly lacks?: readonly string[];
  readonly options: readonly MeasureOption[];
  readonly computed: readonly { readonly options: Readonly<Record<string, Cell>>; readonly only?: string }[];
}

export interface Grouping {
  readonly name: string;
  readonly title: Words;
  readonly groups: readonly { readonly code: string; readonly title: Words }[];
  readonly role: string;
  readonly definition?: string;
  readonly source?: string;
}

export interface Headline {
  readonly text: Words;
  readonly value: number | null;
  readonly unit: string;
  readonly country: string;
  readonly year: number;
  readonly view: string;
}

export interface Quality {
  readonly light: "green" | "amber" | "red";
  readonly failures: number;
  readonly warnings: number;
  readonly data_residual: number | null;
  readonly numeric_residual: number | null;
  readonly text: Words;
}

export interface Study {
  /** As the page's language has it: of the default study; others are as written. */
  readonly title: string;
  readonly titles?: Words;
  readonly description: string;
  readonly descriptions?: Words;
  readonly synthetic: boolean;
  readonly version: string;
  readonly sources: readonly {
    readonly name: string;
    /** As the page's language has it. */
    readonly title: string;
    readonly titles?: Words;
    /** Of the data; "" where servio does not know it. */
    readonly licence: string;
    readonly years: readonly number[];
    readonly countries: readonly string[];
  }[];
  readonly countries: readonly { readonly code: string; readonly name: Words }[];
  readonly focus: string | readonly string[] | null;
  readonly base_year: number | null;
  readonly measures: readonly MeasureInfo[];
  readonly groupings: readonly Grouping[];
  /** Names of the parts of measures that have one. */
  readonly parts?: Readonly<Record<string, Words>>;
  readonly definitions: readonly string[];
  readonly industries: Readonly<Record<string, readonly { readonly code: string; readonly title: string | Words; readonly service?: boolean }[]>>;
  readonly quality: Quality;
  readonly headlines: readonly Headline[];
  readonly pages: Readonly<Record<string, boolean>>;
  /** Whether it has any. */
  readonly estimates?: boolean;
  readonly live: { readonly tables: boolean; readonly why: string; readonly words?: Words };
}
