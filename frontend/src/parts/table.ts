import { h, replace, type Child } from "../dom";
import { NONE, number } from "../format";
import type { Row } from "../frames";
import type { Context } from "../page";
import type { Cell } from "../types";
import { dataMenu } from "./files";

export interface Column {
  readonly key: string;
  readonly title: string;
  /** A column with a unit holds numbers. */
  readonly unit?: string;
  readonly show?: (value: Cell, row: Row) => Child;
  /** Its cells become buttons: all of them one stop of the Tab key, arrow keys move between them. */
  readonly onPick?: (row: Row) => void;
  /** Its cell under the cursor or with the focus, instead of the row. */
  readonly onPoint?: (row: Row) => void;
}

export interface TableSpec {
  readonly caption: string;
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
  readonly sort?: { readonly key: string; readonly down: boolean };
  readonly marked?: (row: Row) => boolean;
  /** The first column becomes a button. */
  readonly onPick?: (row: Row) => void;
  /** The row under the cursor or with the focus. */
  readonly onPoint?: (row: Row) => void;
  readonly most?: number;
  /** The address that gives the rows, for a table that is in no figure: adds the data exports. */
  readonly data?: string;
}

const MOST = 300;
/** Rows and columns an arrow key moves by. */
const STEPS: Readonly<Record<string, readonly [number, number]>> = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

function compare(lang: string, a: Cell, b: Cell): number {
  if (a === null || a === undefined) return b === null || b === undefined ? 0 : 1;
  if (b === null || b === undefined) return -1;
  return typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), lang, { numeric: true });
}

/** A table that sorts by its heads; missing values come last whichever way. */
export function table(ctx: Pick<Context, "t" | "lang">, spec: TableSpec): HTMLElement {
  let sort = spec.sort ?? null;
  const body = h("tbody");
  const heads = spec.columns.map((column) => h("th", { scope: "col", class: column.unit === undefined ? null : "number" }));

  const cell = (column: Column, row: Row, first: boolean): HTMLElement => {
    const value = row[column.key] ?? null;
    const shown: Child = column.show
      ? column.show(value, row)
      : column.unit !== undefined
        ? number(value, column.unit, ctx.lang)
        : value === null
          ? NONE
          : String(value);
    const pick = column.onPick ?? (first ? spec.onPick : undefined);
    const inner = pick === undefined ? shown : h("button", { type: "button", class: "link", tabindex: column.onPick ? -1 : null, "data-cell": column.onPick ? "" : null, onclick: () => pick(row) }, shown);
    const point = column.onPoint ?? spec.onPoint;
    const at = point && (() => point(row));
    const follow = { onmouseenter: at ?? null, onfocusin: at ?? null };
    return first ? h("th", { scope: "row", ...follow }, inner) : h("td", { class: column.unit === undefined ? null : "number", ...follow }, inner);
  };

  const draw = () => {
    const order = [...spec.rows];
    if (sort !== null) {
      const { key, down } = sort;
      order.sort((a, b) => {
        const [x, y] = [a[key] ?? null, b[key] ?? null];
        const missing = x === null || y === null;
        return compare(ctx.lang, x, y) * (down && !missing ? -1 : 1);
      });
    }
    replace(
      body,
      order.slice(0, spec.most ?? MOST).map((row) =>
        h(
          "tr",
          { class: spec.marked?.(row) ? "marked" : null },
          spec.columns.map((column, at) => cell(column, row, at === 0)),
        ),
      ),
    );
    body.querySelector("[data-cell]")?.setAttribute("tabindex", "0");
    spec.columns.forEach((column, at) => {
      const head = heads[at] as HTMLElement;
      const here = sort?.key === column.key;
      head.setAttribute("aria-sort", here ? (sort?.down ? "descending" : "ascending") : "none");
      replace(
        head,
        h(
          "button",
          {
            type: "button",
            title: ctx.t("table.sort", { column: column.title }),
            onclick: () => {
              sort = { key: column.key, down: here ? !sort?.down : column.unit !== undefined };
              draw();
              (head.firstElementChild as HTMLElement | null)?.focus();
            },
          },
          column.title,
          h("span", { "aria-hidden": "true" }, here ? (sort?.down ? " ▾" : " ▴") : ""),
        ),
      );
    });
  };
  const move = (event: Event) => {
    const from = event.target as HTMLElement;
    const [down, right] = STEPS[(event as KeyboardEvent).key] ?? [0, 0];
    const at = from.closest<HTMLTableCellElement>("th, td");
    const row = at?.closest("tr");
    if (from.dataset["cell"] === undefined || !at || !row || (down === 0 && right === 0)) return;
    const next = body.rows[row.sectionRowIndex + down]?.cells[at.cellIndex + right]?.querySelector<HTMLElement>("[data-cell]");
    if (!next) return;
    event.preventDefault();
    from.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  };
  draw();
  const cells = spec.columns.some((column) => column.onPick !== undefined);
  if (cells) body.addEventListener("keydown", move);
  const over = spec.rows.length - (spec.most ?? MOST);
  const shown = h(
    "div",
    { class: "table", tabindex: 0, role: "region", "aria-label": spec.caption },
    h("table", {}, h("caption", {}, spec.caption), h("thead", {}, h("tr", {}, heads)), body),
    cells && h("p", { class: "hint" }, ctx.t("table.cells")),
    over > 0 && h("p", { class: "hint" }, ctx.t("table.more", { rows: over })),
  );
  return spec.data === undefined ? shown : h("div", {}, h("div", { class: "tools of-table" }, dataMenu(ctx, spec.data)), shown);
}
