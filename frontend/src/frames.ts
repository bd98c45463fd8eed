/** Frames as the server sends them (columns) into what charts and tables want (rows, series). */

import type { Cell, Frame } from "./types";

export type Row = Readonly<Record<string, Cell>>;

export function rowsOf(frame: Frame): Row[] {
  const names = Object.keys(frame.columns);
  return Array.from({ length: frame.rows }, (_, at) =>
    Object.fromEntries(names.map((name) => [name, frame.columns[name]?.[at] ?? null])),
  );
}

/** Rows by the text of one column, in the order they first come. */
export function groupBy(rows: readonly Row[], column: string): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const key = String(row[column] ?? "");
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [row]);
    else group.push(row);
  }
  return groups;
}

/** The values of a column, each once, in order. */
export function distinct(rows: readonly Row[], column: string): string[] {
  return [...new Set(rows.map((row) => row[column]).filter((value) => value !== null && value !== undefined).map(String))];
}

/** A number, or null where there is none; text is never read as a number. */
export function numeric(value: Cell | undefined): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}
