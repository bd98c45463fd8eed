/** The rows behind an answer as files, in the formats of the command line. */

import { h } from "../dom";
import type { Context } from "../page";
import { closeOutside } from "./select";

const FORMATS = [
  ["csv", "CSV"],
  ["xlsx", "Excel"],
  ["parquet", "Parquet"],
  ["dta", "Stata"],
  ["json", "JSON"],
] as const;

/** One link a format. */
export function dataLinks(ctx: Pick<Context, "t">, data: string): HTMLElement[] {
  return FORMATS.map(([format, words]) =>
    h("a", { href: `${data}${data.includes("?") ? "&" : "?"}format=${format}&wait=60`, download: true }, ctx.t("chart.data", { format: words })),
  );
}

/** The links as a menu; `words` says of what, where the page has several. */
export function dataMenu(ctx: Pick<Context, "t">, data: string, words = ctx.t("chart.export")): HTMLElement {
  const menu = h("details", { class: "menu" }, h("summary", {}, words), h("div", { class: "drop", onclick: () => (menu.open = false) }, dataLinks(ctx, data)));
  closeOutside(menu);
  return menu;
}
