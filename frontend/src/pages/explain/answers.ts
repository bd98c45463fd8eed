/** What the server says of estimates. */

import type { About, Frame, Words } from "../../types";

export interface Summary {
  readonly id: string;
  readonly name: string;
  readonly formula: string;
  readonly outcome: string;
  readonly log: boolean;
  readonly method: string;
  readonly vcov: string;
  readonly n: number;
  readonly sample: string;
  readonly where: string;
  readonly terms: number;
  readonly role: "main" | "type" | "rows" | "alone" | "robustness";
  readonly trap_name: string;
  readonly r2_within: number | null;
  readonly statement: Words;
}

export interface PanelFacts {
  readonly rows: number;
  readonly entities: number;
  readonly entity: readonly string[];
  readonly first: number;
  readonly last: number;
  readonly left_out: number;
  readonly dropped: Frame;
  readonly variables: Frame;
  readonly classes: Frame | null;
  readonly notes: readonly string[];
}

export interface Problem {
  readonly what: string;
  readonly formula: string;
  readonly text: string;
}

export interface Listed {
  readonly estimates: readonly Summary[];
  readonly main: string | null;
  readonly panel: PanelFacts | null;
  readonly problems: readonly Problem[];
  readonly missing: { readonly panel: boolean; readonly lines: string } | null;
}

export interface Estimates extends Frame, Listed {
  readonly panel: PanelFacts;
  readonly about: About;
}

export interface Against {
  readonly service: Words;
  readonly measure: string;
  readonly timing: string;
  readonly main: number;
  readonly main_lower: number;
  readonly main_upper: number;
  readonly effect: number;
  readonly effect_lower: number;
  readonly effect_upper: number;
}

export interface Estimate extends Frame, Summary {
  readonly about: About;
  readonly tests: Frame;
  readonly statistics: Readonly<Record<string, number | null>>;
  readonly groups: Readonly<Record<string, number>>;
  readonly effective: Readonly<Record<string, number>>;
  readonly dropped: Frame;
  readonly notes: readonly string[];
  readonly trap: { readonly name: string; readonly title: string; readonly text: string } | null;
  readonly against_main: readonly Against[];
}

export interface Curve extends Frame {
  readonly about: About;
  readonly id: string;
  readonly term: string;
  readonly terms: readonly { readonly term: string; readonly label: Words }[];
  readonly log: boolean;
  readonly study: Frame;
  readonly missing: { readonly lines: string } | null;
  readonly panel_missing: string | null;
  readonly optional?: readonly string[];
  readonly summary: Readonly<Record<string, number>> | null;
}

export interface Margins extends Frame {
  readonly about: About;
  readonly id: string;
  readonly term: string;
  readonly label: Words;
  readonly variables: readonly { readonly term: string; readonly label: Words | null }[];
  readonly over: string;
  readonly overs: readonly string[];
  readonly log: boolean;
  readonly interacted: boolean;
  readonly cells: { readonly equal_p: number | null; readonly rows: Frame } | null;
}
