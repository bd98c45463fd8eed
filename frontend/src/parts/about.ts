/** How a number is made: under every figure, following the cursor or the focus. */

import { h, replace, type Child } from "../dom";
import { small } from "../format";
import type { Context } from "../page";
import type { About, Evidence } from "../types";

export interface Point {
  /** Where: "Korea · Machinery · 2014". */
  readonly label: string;
  /** The number with its unit, as `format.quantity` writes it. */
  readonly value: string;
}

export interface AboutPanel {
  readonly element: HTMLElement;
  readonly show: (about: About) => void;
  readonly point: (point: Point | null) => void;
}

const LISTED = 8;

type Speaking = Pick<Context, "t" | "say">;

/** A line to copy, with its button. */
export function copyable(ctx: Pick<Context, "t">, label: string, line: string): HTMLElement {
  const said = h("span", { role: "status", class: "hint" });
  const copy = async () => {
    await navigator.clipboard.writeText(line);
    said.textContent = ctx.t("about.copied");
  };
  return h(
    "div",
    { class: "copyable" },
    h("span", { class: "label" }, label),
    h("pre", { tabindex: 0, role: "region", "aria-label": label }, h("code", {}, line)),
    h("button", { type: "button", onclick: () => void copy(), "aria-label": `${ctx.t("about.copy")}: ${label}` }, ctx.t("about.copy")),
    said,
  );
}

function evidenceNodes(ctx: Speaking, evidence: Evidence): Child[] {
  const { tables, data_residual: data, numeric_residual: numeric, inputs = [] } = evidence;
  const line = [
    tables !== undefined && ctx.t("about.tables", { tables }),
    data !== undefined && ctx.t("about.data", { value: small(data) }),
    numeric !== undefined && ctx.t("about.numeric", { value: small(numeric) }),
    ctx.t("about.undefined", { count: evidence.undefined }),
  ]
    .filter(Boolean)
    .join(" · ");
  return [
    line,
    evidence.undefined_first && h("small", {}, evidence.undefined_first),
    inputs.length > 0 &&
      h(
        "details",
        {},
        h("summary", {}, `${ctx.t("about.inputs")} (${inputs.length})`),
        h("ul", {}, inputs.map((one) => h("li", {}, one.file, " ", h("small", {}, one.source), " ", h("code", {}, one.sha256.slice(0, 12))))),
      ),
  ];
}

function listed(lines: readonly string[] = []): Child {
  return lines.length === 0 ? null : h("ul", {}, lines.slice(0, LISTED).map((line) => h("li", {}, line)));
}

export function about(ctx: Speaking): AboutPanel {
  const here = h("p", { class: "point", "aria-live": "polite" });
  const body = h("div");
  const element = h("aside", { class: "about", "aria-label": ctx.t("about.title") }, h("h2", {}, ctx.t("about.title")), here, body);
  const show = (facts: About) => {
    const rows: Child[] = [];
    const row = (term: string, ...words: Child[]) => {
      if (words.some((word) => word !== null && word !== "" && word !== undefined)) rows.push(h("dt", {}, term), h("dd", {}, words));
    };
    row(ctx.t("about.question"), ctx.say(facts.question));
    row(ctx.t("about.formula"), facts.formula && h("code", { class: "formula" }, facts.formula));
    row(ctx.t("about.unit"), facts.unit);
    row(ctx.t("about.definition"), facts.definition);
    row(ctx.t("about.options"), facts.words);
    row(ctx.t("about.source"), facts.source);
    row(ctx.t("about.identity"), facts.identity);
    if (facts.evidence !== null) row(ctx.t("about.evidence"), evidenceNodes(ctx, facts.evidence));
    row(ctx.t("about.notes"), listed(facts.notes));
    row(ctx.t("about.problems"), listed(facts.problems));
    replace(
      body,
      facts.title && h("p", {}, h("strong", {}, ctx.say(facts.title))),
      facts.synthetic && h("p", { class: "mark" }, ctx.t("app.synthetic.short")),
      h("dl", { class: "terms" }, rows),
      facts.cli && copyable(ctx, ctx.t("about.cli"), facts.cli),
      facts.python && copyable(ctx, ctx.t("about.python"), facts.python),
      copyable(ctx, ctx.t("about.link"), location.href),
    );
  };
  const point = (one: Point | null) =>
    replace(here, one && [h("span", { class: "label" }, ctx.t("about.point")), h("strong", {}, one.value), h("span", {}, one.label)]);
  return { element, show, point };
}
