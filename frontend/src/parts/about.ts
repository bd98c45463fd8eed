/** How a number is made: under every figure, following the cursor or the focus. */

import { h, replace, type Child } from "../dom";
import { small, unitText } from "../format";
import type { Context } from "../page";
import type { About, Evidence } from "../types";
import { dataWords } from "./imprint";

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
type Following = Speaking & Pick<Context, "state" | "left" | "lang" | "study">;

/** What lines say of where they run, in the page's language. */
const COMMENTS = [
  [/^# in the folder the study file lies in$/gm, "about.beside"],
  [/^# in the folder the tables lie in$/gm, "about.aside"],
  [/^# in the folder that holds the study's folder$/gm, "about.above"],
  [/^# the study keeps the industries of the grouping (\S+) only$/gm, "about.kept"],
] as const;

function commented(ctx: Pick<Context, "t">, lines: string): string {
  return COMMENTS.reduce((text, [said, key]) => text.replace(said, (_, name = "") => `# ${ctx.t(key, { name: String(name) })}`), lines);
}

/** A line to copy, with its button: what it says when it is copied. */
export function copyable(ctx: Pick<Context, "t">, label: string, line: string): HTMLElement {
  const said = h("span", { role: "status", class: "hint" });
  const code = h("code", {}, commented(ctx, line));
  const copy = async () => {
    await navigator.clipboard.writeText(code.textContent);
    said.textContent = ctx.t("about.copied");
  };
  return h(
    "div",
    { class: "copyable" },
    h("span", { class: "label" }, label),
    h("pre", { tabindex: 0, role: "region", "aria-label": label }, code),
    h("button", { type: "button", onclick: () => void copy(), "aria-label": `${ctx.t("about.copy")}: ${label}` }, ctx.t("about.copy")),
    said,
  );
}

function counted(ctx: Speaking, evidence: Partial<Evidence>): string {
  const { tables, data_residual: data, data_residual_at: at, numeric_residual: numeric, undefined: gaps } = evidence;
  return [
    tables !== undefined && ctx.t("about.tables", { tables }),
    data !== undefined && `${ctx.t("about.data", { value: small(data) })}${at ? ` (${at})` : ""}`,
    numeric !== undefined && ctx.t("about.numeric", { value: small(numeric) }),
    gaps !== undefined && ctx.t("about.undefined", { count: gaps }),
  ]
    .filter(Boolean)
    .join(" · ");
}

function evidenceNodes(ctx: Speaking, evidence: Evidence): Child[] {
  const { tables, data_residual: data, numeric_residual: numeric, inputs = [], files = inputs.length } = evidence;
  const count = files > inputs.length ? ctx.t("about.files", { shown: inputs.length, all: files }) : files;
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
    evidence.undefined_first && h("small", {}, ctx.say(evidence.undefined_first)),
    evidence.whole && h("small", {}, `${ctx.t("about.whole")}: ${counted(ctx, evidence.whole)}`),
    inputs.length > 0 &&
      h(
        "details",
        {},
        h("summary", {}, `${ctx.t("about.inputs")} (${count})`),
        h("ul", {}, inputs.map((one) => h("li", {}, one.file, " ", h("small", {}, one.source), " ", h("code", {}, one.sha256.slice(0, 12))))),
      ),
  ];
}

function listed(lines: readonly string[] = []): Child {
  return lines.length === 0 ? null : h("ul", {}, lines.slice(0, LISTED).map((line) => h("li", {}, line)));
}

export function about(ctx: Following, title = ctx.t("about.title")): AboutPanel {
  const here = h("p", { class: "point", "aria-live": "polite" });
  const body = h("div");
  const element = h("aside", { class: "about", "aria-label": title }, h("h2", {}, title), here, body);
  const link = copyable(ctx, ctx.t("about.link"), location.href);
  const follow = () => {
    const code = link.querySelector("code");
    if (code !== null) code.textContent = location.href;
  };
  ctx.left.addEventListener("abort", ctx.state.subscribe(follow));
  const show = (facts: About) => {
    const rows: Child[] = [];
    const row = (term: string, ...words: Child[]) => {
      if (words.some((word) => word !== null && word !== "" && word !== undefined)) rows.push(h("dt", {}, term), h("dd", {}, words));
    };
    row(ctx.t("about.question"), ctx.say(facts.question));
    row(ctx.t("about.formula"), facts.formula && h("code", { class: "formula" }, facts.formula));
    row(ctx.t("about.unit"), ctx.say(facts.unit_name ?? unitText(facts.unit, ctx.lang)));
    if (typeof facts.definition !== "string" || !ctx.say(facts.words)) row(ctx.t("about.definition"), ctx.say(facts.definition));
    row(ctx.t("about.options"), ctx.say(facts.words));
    row(ctx.t("about.source"), facts.source);
    row(ctx.t("about.sources"), dataWords(ctx, facts));
    row(ctx.t("about.identity"), ctx.say(facts.identity));
    if (facts.evidence !== null) row(ctx.t("about.evidence"), evidenceNodes(ctx, facts.evidence));
    row(ctx.t("about.notes"), listed((ctx.lang === "ko" ? facts.notes_ko : undefined) ?? facts.notes));
    row(ctx.t("about.problems"), listed(facts.problems));
    replace(
      body,
      facts.title && h("p", {}, h("strong", {}, ctx.say(facts.title))),
      facts.synthetic && h("p", { class: "mark" }, ctx.t("app.synthetic.short")),
      h("dl", { class: "terms" }, rows),
      facts.cli ? copyable(ctx, ctx.t("about.cli"), facts.cli) : facts.cli_none && h("p", { class: "copyable" }, h("span", { class: "label" }, ctx.t("about.cli")), h("span", {}, ctx.say(facts.cli_none))),
      facts.python && copyable(ctx, ctx.t("about.python"), facts.python),
      link,
    );
  };
  const point = (one: Point | null) =>
    replace(here, one && [h("span", { class: "label" }, ctx.t("about.point")), h("strong", {}, one.value), h("span", {}, one.label)]);
  return { element, show, point };
}
