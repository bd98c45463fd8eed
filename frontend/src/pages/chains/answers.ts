/** What /api/chains/… answers. */

import type { About, Frame, Words } from "../../types";

interface Place {
  readonly source: string;
  readonly country: string;
  readonly industry: string;
  readonly year: number | null;
  readonly world: boolean;
  readonly about: About;
}

export interface StagesAnswer extends Frame, Place {
  readonly unit: string;
  readonly output: number;
  readonly boxes: Frame;
  readonly origins: Readonly<Record<string, number>>;
}

export interface SmileTest {
  readonly p_value: number;
  readonly lowest: number;
  readonly smile: boolean;
  readonly bends: boolean;
  readonly line: { readonly distance: readonly number[]; readonly rate: readonly number[] };
}

export interface SmileAnswer extends Frame, Place {
  readonly abouts: Readonly<Record<string, About>>;
  readonly test: SmileTest | null;
  readonly earners: number;
  readonly rest: { readonly count: number; readonly share: number };
  /** null where the table does not name its services. */
  readonly services: number | null;
}

export interface PositionsAnswer extends Frame, Place {
  readonly abouts: Readonly<Record<string, About>>;
  readonly unit: string;
}

export interface IncomeAnswer extends Frame, Place {
  readonly unit: string;
  readonly total: number;
  readonly services: number;
  readonly home: number;
  readonly titles: Readonly<Record<string, Words>>;
}
