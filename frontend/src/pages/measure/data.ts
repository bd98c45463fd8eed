/** One number a country and year: what most views of the page draw. */

import { numeric, rowsOf, type Row } from "../../frames";
import type { Frame, Lang } from "../../types";

export interface Panel {
  readonly countries: readonly string[];
  readonly years: readonly number[];
  readonly value: (country: string, year: number) => number | null;
  readonly column: (year: number) => { country: string; value: number }[];
}

/** `sum`: rows of one country and year are parts of a whole, which no number is where a part has none. */
export function panelOf(frame: Frame, sum = false): Panel {
  const cells = new Map<string, number | null>();
  const [countries, years] = [new Set<string>(), new Set<number>()];
  for (const row of rowsOf(frame)) {
    const [country, year] = [String(row["country"]), Number(row["year"])];
    countries.add(country);
    years.add(year);
    add(cells, `${country} ${year}`, numeric(row["value"]), sum);
  }
  const value = (country: string, year: number) => cells.get(`${country} ${year}`) ?? null;
  const listed = [...countries];
  const column = (year: number) =>
    listed
      .flatMap((country) => {
        const found = value(country, year);
        return found === null ? [] : [{ country, value: found }];
      })
      .sort((a, b) => b.value - a.value);
  return { countries: listed, years: [...years].sort((a, b) => a - b), value, column };
}

export function add(cells: Map<string, number | null>, key: string, value: number | null, sum: boolean): void {
  const held = cells.get(key);
  cells.set(key, !sum || held === undefined ? value : held === null || value === null ? null : held + value);
}

/** 1 for the greatest; equal values share the better rank. */
export function rankOf(column: readonly { country: string; value: number }[], country: string): number | null {
  const own = column.find((one) => one.country === country);
  return own === undefined ? null : placeOf(column, own.value);
}

export function placeOf(all: readonly { value: number }[], value: number): number {
  return 1 + all.filter((one) => one.value > value).length;
}

export interface Gap {
  readonly country: string;
  readonly year: number;
  readonly label: string;
  readonly reason: string;
}

export function gapsOf(frame: Frame | undefined, lang: Lang): Gap[] {
  if (frame === undefined) return [];
  return rowsOf(frame).map((row: Row) => ({
    country: String(row["country"] ?? ""),
    year: Number(row["year"]),
    label: String(row["industry"] ?? ""),
    reason: String((lang === "ko" ? row["reason_ko"] : undefined) ?? row["reason"] ?? ""),
  }));
}
