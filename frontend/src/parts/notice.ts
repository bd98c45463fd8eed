import { ApiError } from "../api";
import { h, type Child } from "../dom";
import type { Context } from "../page";

export type Weight = "info" | "warning" | "fault";
type Speaking = Pick<Context, "t">;

/** A message on the page; a fault is announced at once, the rest politely. */
export function notice(weight: Weight, ...children: Child[]): HTMLElement {
  return h("div", { class: `notice ${weight}`, role: weight === "fault" ? "alert" : "status" }, ...children);
}

/** What the server refused: place, found, expected, remedy. */
export function faultNotice(ctx: Speaking, error: unknown, again?: () => void): HTMLElement {
  const rows: Child[] = [];
  const row = (term: string, words: string | undefined) => {
    if (words) rows.push(h("dt", {}, term), h("dd", {}, words));
  };
  if (error instanceof ApiError && error.status === 0) {
    row(ctx.t("fault.found"), ctx.t("fault.offline"));
    row(ctx.t("fault.remedy"), ctx.t("fault.offline.remedy"));
  } else if (error instanceof ApiError) {
    row(ctx.t("fault.place"), error.fault.place);
    row(ctx.t("fault.found"), error.fault.found);
    row(ctx.t("fault.expected"), error.fault.expected);
    row(ctx.t("fault.remedy"), error.fault.remedy);
  } else {
    row(ctx.t("fault.own"), error instanceof Error ? error.message : String(error));
  }
  return notice(
    "fault",
    h("strong", {}, ctx.t("fault.title")),
    h("dl", { class: "terms" }, rows),
    again && h("button", { type: "button", onclick: again }, ctx.t("fault.again")),
  );
}
