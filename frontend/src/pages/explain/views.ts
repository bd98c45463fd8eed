/** The views of the page: coefficients, specification curve, marginal effects, sample and tests. */

import { address } from "../../api";
import { h, type Child } from "../../dom";
import { number, small } from "../../format";
import { distinct, numeric, rowsOf, type Row } from "../../frames";
import type { Context } from "../../page";
import { copyable, type Point } from "../../parts/about";
import { figure } from "../../parts/chart";
import { notice } from "../../parts/notice";
import { table, type Column, type TableSpec } from "../../parts/table";
import { isKey, type texts } from "../../text/explain";
import type { Cell, Frame } from "../../types";
import type { Curve, Estimate, Estimates, Margins, PanelFacts, Problem, Summary } from "./answers";
import { curveHeight, rowAt, specificationCurve, type Choice } from "./curve";
import { forest, forestHeight, intervalWords, pointed, pointOf, type ForestSpec, type Interval } from "./forest";
import { measureWords, methodWords, reasonWords, sampleWords } from "./words";

export type Say = ReturnType<typeof texts>;
export type Scale = "effect" | "coefficient";
/** Says the number under the cursor. */
export type Pointing = (point: Point | null) => void;
type Part = "value" | "lower" | "upper";

const SAME = 1e-9;

const KEYS: Record<Scale, Record<Part, string>> = {
  effect: { value: "effect", lower: "effect_lower", upper: "effect_upper" },
  coefficient: { value: "estimate", lower: "lower", upper: "upper" },
};

const labelOf = (ctx: Context, row: Row): string => String((ctx.lang === "ko" ? row["label_ko"] : null) ?? row["label"]);

/** A known code in words of the page, others as they are. */
export function worded(t: Say, stem: "over" | "test" | "timing" | "role", code: string): string {
  const key = `${stem}.${code}`;
  return isKey(key) ? t(key) : code;
}

export function axisOf(t: Say, scale: Scale, one: Pick<Summary, "outcome" | "log">): string {
  return scale === "coefficient" ? t("axis.coefficient") : t(one.log ? "axis.percent" : "axis.effect", { outcome: one.outcome });
}

function interval(row: Row, scale: Scale, name: string, series: string, marked = false): Interval | null {
  const keys = KEYS[scale];
  const value = numeric(row[keys.value]);
  return value === null ? null : { name, series, value, lower: numeric(row[keys.lower]), upper: numeric(row[keys.upper]), marked };
}

const known = (rows: readonly (Interval | null)[]): Interval[] => rows.filter((row): row is Interval => row !== null);

/** A table whose numbers say in the panel what they are: the name of their row and of their column. */
function pointable(ctx: Context, point: Pointing, nameOf: (row: Row) => string, spec: TableSpec): TableSpec {
  const said = (column: Column, row: Row) => {
    const value = row[column.key] ?? null;
    return column.show ? String(column.show(value, row)) : number(value, column.unit ?? "", ctx.lang);
  };
  const columns = spec.columns.map((column): Column => (column.unit === undefined ? column : { ...column, onPoint: (row) => point({ label: `${nameOf(row)} · ${column.title}`, value: said(column, row) }) }));
  return { onPoint: () => point(null), ...spec, columns };
}

function coefficientColumns(ctx: Context, t: Say): Column[] {
  return [
    { key: "name", title: t("name") },
    { key: "label", title: t("term"), show: (_, row) => labelOf(ctx, row) },
    { key: "estimate", title: t("coefficient"), unit: "" },
    { key: "std_error", title: t("error"), unit: "" },
    { key: "p", title: t("p"), unit: "", show: small },
    { key: "lower", title: t("lower"), unit: "" },
    { key: "upper", title: t("upper"), unit: "" },
    { key: "effect", title: t("effect"), unit: "" },
    { key: "measure", title: t("measure"), show: (value) => (value ? h("small", {}, measureWords(ctx, String(value))) : "") },
    { key: "timing", title: t("timing"), show: (value) => (value ? worded(t, "timing", String(value)) : "") },
  ];
}

// -- coefficients ----------------------------------------------------------------------------------

export function coefficients(ctx: Context, t: Say, answer: Estimates, picks: readonly Summary[], scale: Scale, every: boolean, point: Pointing): Node[] {
  const byId = new Map(picks.map((one) => [one.id, one.name]));
  const rows = rowsOf(answer)
    .filter((row) => byId.has(String(row["id"])) && (every || row["kind"] !== "other"))
    .map((row) => ({ ...row, name: byId.get(String(row["id"])) ?? "" }));
  const order = picks.map((one) => one.name);
  rows.sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
  const used: Scale = every ? "coefficient" : scale;
  const shown = known(rows.map((row) => interval(row, used, labelOf(ctx, row), row.name)));
  const [first] = picks;
  const drawn: ForestSpec = { rows: shown, unit: "", axis: first ? axisOf(t, used, first) : "", series: order };
  const chart = figure(ctx, {
    title: t("forest"),
    note: t("forest.note"),
    name: "coefficients",
    about: answer.about,
    subject: [picks.map((one) => one.name).join(", "), first && axisOf(t, used, first)].filter(Boolean).join(" · "),
    data: address("explain/estimates"),
    pixels: forestHeight(shown),
    option: (colours) => forest(ctx, drawn, colours),
    onPoint: (hit) => point(pointed(ctx, drawn, hit)),
    table: pointable(ctx, point, (row) => `${labelOf(ctx, row)} · ${String(row["name"])}`, {
      caption: t("forest"),
      rows: shown.length > 0 ? rows : [],
      columns: coefficientColumns(ctx, t),
      onPoint: (row) => point(pointOf(ctx, drawn, interval(row, used, labelOf(ctx, row), String(row["name"])))),
    }),
  });
  const said = picks.map((one) => h("li", {}, h("strong", {}, one.name), " ", ctx.say(one.statement), one.trap_name ? h("small", {}, " ", trapTitle(t, one.trap_name)) : null));
  return [
    ...(shown.length === 0 ? [notice("info", t("forest.none"))] : []),
    chart.element,
    h("section", { class: "card" }, h("h2", {}, t("said")), h("ul", {}, said)),
    listed(ctx, t, answer.estimates, picks, point),
    ...problems(t, answer.problems),
  ];
}

export function trapTitle(t: Say, name: string): string {
  const key = `trap.${name}`;
  return t("trap", { title: isKey(key) ? t(key) : name });
}

function listed(ctx: Context, t: Say, estimates: readonly Summary[], picks: readonly Summary[], point: Pointing): HTMLElement {
  const chosen = new Set(picks.map((one) => one.id));
  const rows: Row[] = estimates.map((one) => ({ id: one.id, name: one.name, statement: ctx.say(one.statement), n: one.n, method: methodWords(ctx.lang, one.method), errors: methodWords(ctx.lang, one.vcov.split("; ")[0] ?? one.vcov), role: worded(t, "role", one.role) }));
  const columns: Column[] = [
    { key: "name", title: t("name") },
    { key: "statement", title: t("statement"), show: (value) => h("small", {}, String(value)) },
    { key: "n", title: t("rows"), unit: "" },
    { key: "role", title: t("role") },
    { key: "method", title: t("method"), show: (value) => h("small", {}, String(value)) },
    { key: "errors", title: t("errors"), show: (value) => h("small", {}, String(value)) },
  ];
  const pick = (row: Row) => ctx.state.patch({ estimates: [String(row["id"])], estimate: String(row["id"]) });
  return h("section", { class: "card" }, h("h2", {}, t("list")), h("p", { class: "hint" }, t("list.hint")), table(ctx, pointable(ctx, point, (row) => String(row["name"]), { caption: t("list"), data: address("explain/estimates", { part: "estimates" }), columns, rows, onPick: pick, marked: (row) => chosen.has(String(row["id"])) })));
}

export function problems(t: Say, found: readonly Problem[]): Node[] {
  if (found.length === 0) return [];
  return [h("section", { class: "card" }, h("h2", {}, t("failed")), h("ul", {}, found.map((one) => h("li", {}, h("strong", {}, one.what), " ", one.text, " ", one.formula && h("code", {}, one.formula)))))];
}

// -- specification curves --------------------------------------------------------------------------

export function curves(ctx: Context, t: Say, one: Summary, answer: Curve, point: Pointing): Node[] {
  if (answer.missing !== null) return [notice("info", t("curve.missing")), copyable(ctx, t("none.lines"), answer.missing.lines)];
  const service = ctx.say(answer.terms.find((term) => term.term === answer.term)?.label);
  return [ofStudy(ctx, t, one, answer, service, point), ofPanel(ctx, t, answer, service, point)];
}

function ofStudy(ctx: Context, t: Say, one: Summary, answer: Curve, service: string, point: Pointing): HTMLElement {
  const rows = rowsOf(answer.study);
  const intervalOf = (row: Row) => interval(row, "effect", String(row["name"]), `${measureWords(ctx, String(row["measure"]))}, ${worded(t, "timing", String(row["timing"]))}`, row["id"] === answer.id);
  const shown = known(rows.map(intervalOf));
  const drawn: ForestSpec = { rows: shown, unit: "", axis: axisOf(t, "effect", one) };
  const title = t("curve.study", { service });
  return figure(ctx, {
    title,
    note: t("curve.study.note"),
    name: "curve-study",
    data: address(`explain/curve/${answer.id}`, { term: answer.term, part: "study" }),
    about: answer.about,
    subject: `${title} · ${axisOf(t, "effect", one)}`,
    pixels: forestHeight(shown),
    option: (colours) => forest(ctx, drawn, colours),
    onPoint: (hit) => point(pointed(ctx, drawn, hit)),
    table: pointable(ctx, point, (row) => String(row["name"]), {
      caption: title,
      rows,
      columns: [
        { key: "name", title: t("name") },
        { key: "effect", title: t("effect"), unit: "" },
        { key: "effect_lower", title: t("lower"), unit: "" },
        { key: "effect_upper", title: t("upper"), unit: "" },
        { key: "n", title: t("rows"), unit: "" },
        { key: "measure", title: t("measure"), show: (value) => measureWords(ctx, String(value ?? "")) },
        { key: "timing", title: t("timing"), show: (value) => worded(t, "timing", String(value)) },
        { key: "trap", title: t("notes"), show: (value) => (value ? trapTitle(t, String(value)) : "") },
      ],
      onPick: (row) => ctx.state.patch({ estimate: String(row["id"]) }),
      onPoint: (row) => point(pointOf(ctx, drawn, intervalOf(row))),
      marked: (row) => row["id"] === answer.id,
    }),
  }).element;
}

function ofPanel(ctx: Context, t: Say, answer: Curve, service: string, point: Pointing): HTMLElement {
  if (answer.panel_missing !== null || answer.summary === null) return notice("info", answer.panel_missing ?? "");
  const all = rowsOf(answer);
  const rows = all.filter((row) => row["problem"] === "");
  const { summary } = answer;
  const share = (value: number | undefined) => number(value, "share", ctx.lang, "short");
  const words = t("curve.summary", { n: summary["n"] ?? 0, median: number(summary["median"], "", ctx.lang), positive: share(summary["share_positive"]), significant: share(summary["share_significant"]), undefined: summary["undefined"] ?? 0 });
  const title = t("curve.panel", { term: service });
  const choices = choicesOf(t, answer, rows);
  const nameOf = (row: Row) => [service, ...choices.filter((one) => one.holds(row)).map((one) => one.words)].join(" · ");
  const say = (row: Row | undefined) => {
    const found = row && interval(row, "coefficient", nameOf(row), "");
    point(found ? { label: found.name, value: intervalWords(ctx, found, "") } : null);
  };
  return figure(ctx, {
    title,
    note: `${words} ${t("curve.panel.note")}`,
    words,
    name: "curve-panel",
    about: answer.about,
    data: address(`explain/curve/${answer.id}`, { term: answer.term }),
    pixels: curveHeight(choices),
    option: (colours) => specificationCurve(ctx, rows, choices, colours),
    onPoint: (hit) => say(rowAt(rows, hit)),
    table: pointable(ctx, point, nameOf, {
      onPoint: say,
      caption: title,
      rows: all,
      columns: [
        { key: "optional", title: t("terms") },
        { key: "fixed_effects", title: t("curve.choice.effects", { name: "" }) },
        { key: "sample", title: t("sample") },
        { key: "estimate", title: t("coefficient"), unit: "" },
        { key: "lower", title: t("lower"), unit: "" },
        { key: "upper", title: t("upper"), unit: "" },
        { key: "n", title: t("rows"), unit: "" },
        { key: "problem", title: t("notes") },
      ],
    }),
  }).element;
}

function choicesOf(t: Say, answer: Curve, rows: readonly Row[]): Choice[] {
  const has = (row: Row, block: string) => ` + ${row["optional"]} + `.includes(` + ${block} + `);
  const levels = (key: string) => distinct(rows, key);
  return [
    ...(answer.optional ?? []).map((name) => ({ words: t("curve.choice.controls", { name }), holds: (row: Row) => has(row, name) })),
    ...(levels("fixed_effects").length > 1 ? levels("fixed_effects").map((name) => ({ words: t("curve.choice.effects", { name }), holds: (row: Row) => row["fixed_effects"] === name })) : []),
    ...(levels("sample").length > 1 ? levels("sample").map((name) => ({ words: t("curve.choice.sample", { name }), holds: (row: Row) => row["sample"] === name })) : []),
  ];
}

/** Whether all numbers of a column are one number. */
function alike(rows: readonly Row[], key: string): boolean {
  const values = rows.map((row) => numeric(row[key])).filter((value) => value !== null);
  return values.length > 1 && Math.max(...values) - Math.min(...values) <= SAME * Math.abs(values[0] ?? 0);
}

// -- marginal effects ------------------------------------------------------------------------------

export function margins(ctx: Context, t: Say, one: Summary, answer: Margins, scale: Scale, point: Pointing): Node[] {
  const rows = rowsOf(answer);
  const used: Scale = numeric(rows[0]?.["effect"]) === null ? "coefficient" : scale;
  const variable = ctx.say(answer.label);
  const named = (label: Cell | undefined) => (answer.over === "country" ? ctx.say(ctx.study.countries.find((known) => known.code === label)?.name ?? String(label)) : String(label));
  const draw = (title: string, note: string, from: readonly Row[], name: string, nameOf: (label: Cell | undefined) => string, series: string) => {
    const focus = new Set(Array.isArray(ctx.study.focus) ? (ctx.study.focus as string[]) : []);
    const intervalOf = (row: Row) => interval(row, used, nameOf(row["label"]), series, focus.has(String(row["label"])));
    const shown = known(from.map(intervalOf));
    shown.sort((a, b) => b.value - a.value);
    const drawn: ForestSpec = { rows: shown, unit: "", axis: axisOf(t, used, one) };
    return figure(ctx, {
      title,
      note,
      name,
      about: answer.about,
      subject: `${title} · ${one.name} · ${axisOf(t, used, one)}`,
      data: address(`explain/margins/${answer.id}`, { term: answer.term, over: answer.over, ...(name === "margins-cells" ? { part: "cells" } : {}) }),
      pixels: forestHeight(shown),
      option: (colours) => forest(ctx, drawn, colours),
      onPoint: (hit) => point(pointed(ctx, drawn, hit)),
      table: pointable(ctx, point, (row) => nameOf(row["label"]), {
        onPoint: (row) => point(pointOf(ctx, drawn, intervalOf(row))),
        caption: title,
        rows: from,
        columns: [
          { key: "label", title: t("label"), show: nameOf },
          { key: "estimate", title: t("coefficient"), unit: "" },
          { key: "lower", title: t("lower"), unit: "" },
          { key: "upper", title: t("upper"), unit: "" },
          { key: "effect", title: t("effect"), unit: "" },
          ...(from[0]?.["n"] === undefined ? [] : [{ key: "n", title: t("rows"), unit: "" }]),
        ],
      }),
    }).element;
  };
  const cells = answer.cells;
  const equal = cells === null || cells.equal_p === null ? "" : t("margins.equal", { p: small(cells.equal_p) });
  const sd = used === "effect" && answer.over === "country" ? t("margins.sd") : "";
  return [
    ...(cells === null ? [] : [draw(t("margins.cells", { variable }), equal, rowsOf(cells.rows), "margins-cells", String, variable)]),
    ...(!answer.interacted && alike(rows, "estimate") ? [notice("info", t(alike(rows, KEYS[used].value) ? "margins.plain" : "margins.plain.sd"))] : []),
    draw(t("margins.over", { variable, over: worded(t, "over", answer.over) }), `${t("margins.note")} ${sd}`, rows, "margins", named, variable),
  ];
}

// -- sample and tests ------------------------------------------------------------------------------

export function sample(ctx: Context, t: Say, answer: Estimate, panel: PanelFacts, point: Pointing): Node[] {
  return [
    h("div", { class: "figures" }, facts(ctx, t, answer), testsAndDropped(ctx, t, answer, point)),
    ...trapCard(t, answer),
    ...against(ctx, t, answer, point),
    h("section", { class: "card" }, h("h2", {}, answer.name), table(ctx, pointable(ctx, point, (row) => labelOf(ctx, row), { caption: t("forest"), data: address(`explain/estimate/${answer.id}`), rows: rowsOf(answer), columns: coefficientColumns(ctx, t).slice(1) }))),
    ...ofThePanel(ctx, t, panel, point),
  ];
}

function facts(ctx: Context, t: Say, answer: Estimate): HTMLElement {
  const terms: Child[] = [];
  const row = (term: string, words: Child) => void (words !== "" && words !== null && terms.push(h("dt", {}, term), h("dd", {}, words)));
  row(t("statement"), ctx.say(answer.statement));
  row(t("formula"), h("code", { class: "formula" }, answer.formula));
  row(t("sample"), sampleWords(ctx.lang, answer.sample));
  row(t("where"), answer.where && h("code", {}, answer.where));
  row(t("method"), methodWords(ctx.lang, answer.method));
  row(t("errors"), methodWords(ctx.lang, answer.vcov));
  for (const [name, count] of Object.entries(answer.groups)) row(t("levels", { name }), number(count, "", ctx.lang));
  for (const [name, value] of Object.entries(answer.statistics)) row(name.replaceAll("_", " "), number(value, "", ctx.lang));
  row(t("notes"), answer.notes.length > 0 ? h("ul", {}, answer.notes.map((note) => h("li", {}, note))) : null);
  return h("section", { class: "card" }, h("h2", {}, t("facts")), h("dl", { class: "terms" }, terms));
}

function testsAndDropped(ctx: Context, t: Say, answer: Estimate, point: Pointing): HTMLElement {
  const tests = table(ctx, pointable(ctx, point, (row) => worded(t, "test", String(row["test"])), {
    caption: t("tests"),
    data: address(`explain/estimate/${answer.id}`, { part: "tests" }),
    rows: rowsOf(answer.tests),
    columns: [
      { key: "test", title: t("test"), show: (value) => worded(t, "test", String(value)) },
      { key: "statistic", title: t("statistic"), unit: "" },
      { key: "p", title: t("p"), unit: "", show: small },
      { key: "hypothesis", title: t("hypothesis"), show: (value) => h("small", {}, String(value)) },
    ],
  }));
  return h("section", { class: "card stack" }, answer.tests.rows > 0 && tests, reasons(ctx, t, t("dropped"), answer.dropped, address(`explain/estimate/${answer.id}`, { part: "dropped" }), point));
}

function reasons(ctx: Context, t: Say, caption: string, frame: Frame, data: string, point: Pointing): HTMLElement {
  return table(ctx, pointable(ctx, point, (row) => reasonWords(ctx.lang, String(row["reason"])), { caption, data, rows: rowsOf(frame), columns: [{ key: "reason", title: t("reason"), show: (value) => h("small", {}, reasonWords(ctx.lang, String(value))) }, { key: "rows", title: t("rows"), unit: "" }] }));
}

function trapCard(t: Say, answer: Estimate): Node[] {
  if (answer.trap === null) return [];
  return [h("section", { class: "card" }, h("h2", {}, trapTitle(t, answer.trap.name)), h("p", { lang: "en" }, answer.trap.text))];
}

function against(ctx: Context, t: Say, answer: Estimate, point: Pointing): Node[] {
  if (answer.against_main.length === 0) return [];
  const main = t("against.main");
  const shown = answer.against_main.flatMap((row): Interval[] => [
    { name: ctx.say(row.service), series: main, value: row.main, lower: row.main_lower, upper: row.main_upper },
    { name: ctx.say(row.service), series: answer.name, value: row.effect, lower: row.effect_lower, upper: row.effect_upper },
  ]);
  const rows: Row[] = answer.against_main.map((row) => ({ ...row, service: ctx.say(row.service) }));
  const drawn: ForestSpec = { rows: shown, unit: "", axis: axisOf(t, "effect", answer), series: [main, answer.name] };
  return [
    figure(ctx, {
      title: t("against"),
      note: t("forest.note"),
      name: "against-main",
      data: address(`explain/estimate/${answer.id}`, { part: "against_main" }),
      about: answer.about,
      subject: `${t("against")} · ${answer.name} · ${axisOf(t, "effect", answer)}`,
      pixels: forestHeight(shown),
      option: (colours) => forest(ctx, drawn, colours),
      onPoint: (hit) => point(pointed(ctx, drawn, hit)),
      table: pointable(ctx, point, (row) => String(row["service"]), { caption: t("against"), rows, columns: [{ key: "service", title: t("group") }, { key: "main", title: main, unit: "" }, { key: "main_lower", title: t("lower"), unit: "" }, { key: "main_upper", title: t("upper"), unit: "" }, { key: "effect", title: answer.name, unit: "" }, { key: "effect_lower", title: t("lower"), unit: "" }, { key: "effect_upper", title: t("upper"), unit: "" }, { key: "measure", title: t("measure"), show: (value) => measureWords(ctx, String(value ?? "")) }] }),
    }).element,
  ];
}

function ofThePanel(ctx: Context, t: Say, panel: PanelFacts, point: Pointing): Node[] {
  const variables = table(ctx, pointable(ctx, point, (row) => String(row["column"]), {
    caption: t("panel.variables"),
    data: address("explain/estimates", { part: "variables" }),
    rows: rowsOf(panel.variables).filter((row) => !/_lag\d*$/.test(String(row["column"]))),
    columns: [
      { key: "column", title: t("variables") },
      { key: "unit", title: t("unit") },
      { key: "n", title: t("rows"), unit: "" },
      { key: "mean", title: t("mean"), unit: "" },
      { key: "sd_between", title: t("between"), unit: "" },
      { key: "sd_within", title: t("within"), unit: "" },
      { key: "definition", title: t("definition"), show: (value) => h("small", {}, String(value ?? "")) },
    ],
  }));
  const classes =
    panel.classes !== null &&
    table(ctx, pointable(ctx, point, (row) => `${row["class"]} · ${row["member"]}`, { caption: t("panel.classes"), data: address("explain/estimates", { part: "classes" }), rows: rowsOf(panel.classes), columns: [{ key: "class", title: t("class") }, { key: "member", title: t("member") }, { key: "label", title: t("label") }, { key: "value", title: t("mean"), unit: "" }, { key: "how", title: t("how") }] }));
  const folded = (title: string, child: Child) => h("details", { class: "card" }, h("summary", {}, title), child);
  return [
    folded(t("panel.variables"), variables),
    folded(t("panel.dropped"), reasons(ctx, t, t("panel.dropped"), panel.dropped, address("explain/estimates", { part: "dropped" }), point)),
    ...(classes === false ? [] : [folded(t("panel.classes"), classes)]),
    ...(panel.notes.length > 0 ? [folded(t("panel.notes"), h("ul", {}, panel.notes.map((note) => h("li", {}, note))))] : []),
  ];
}
