/** What is on the page for one slice, and what its views share. */

import type { Query } from "../../api";
import type { Context } from "../../page";
import { figure, type Figure } from "../../parts/chart";
import type { Say } from "../../text/measure";
import type { MeasureAnswer } from "../../types";
import { gapsOf } from "./data";
import { baseQuery, type Question, type Scope } from "./question";
import type { ServicesPlan } from "./services";
import type { Band, Place, Shown } from "./views";

/** Everything drawn for one slice; thrown away with the next. */
export interface Drawn {
  readonly ctx: Context;
  readonly t: Say;
  readonly shown: () => Shown;
  readonly question: Question;
  readonly scope: Scope;
  readonly answer: MeasureAnswer;
  readonly signal: AbortSignal;
  /** Whether it is still what the page shows. */
  readonly current: () => boolean;
  /** Writes the answers above the figures anew. */
  readonly summary: () => void;
  readonly pick: (place: Place, question: Question) => void;
  band: Band | null;
  services: { plan: ServicesPlan; answer: MeasureAnswer } | null;
  /** The service groups are asked for and not here yet. */
  late: ServicesPlan | null;
  /** Redraws what a year or a late answer changes. */
  readonly refresh: Set<() => void>;
}

/** A figure that follows the year and late answers. */
export function figureOf(drawn: Drawn, spec: (shown: Shown) => Parameters<Figure["set"]>[0]): HTMLElement {
  const made = figure(drawn.ctx, spec(drawn.shown()));
  drawn.refresh.add(() => made.set(spec(drawn.shown())));
  return made.element;
}

export function spreadPath(drawn: Drawn): string {
  return `spread/${drawn.question.info.name}`;
}

export function spreadQuery(drawn: Drawn, all: boolean): Query {
  const { slice } = drawn.shown();
  const { group: _group, ...labels } = slice.labels;
  return { ...baseQuery(drawn.question), ...labels, country: slice.country, ...(all ? { all: true } : {}) };
}

/** Why a country has no number; undefined where it is not among the answer's gaps. */
export function why(drawn: Drawn, country: string, year: number): string | undefined {
  return gapsOf(drawn.answer.undefined, drawn.ctx.lang).find((one) => one.country === country && one.year === year)?.reason;
}
