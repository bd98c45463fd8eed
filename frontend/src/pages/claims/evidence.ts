/** The evidence for one claim: what was tested, the findings with their intervals, the line to rerun it. */

import { address } from "../../api";
import { h, replace, type Child } from "../../dom";
import { distinct, numeric, rowsOf, type Row } from "../../frames";
import type { Context } from "../../page";
import { copyable } from "../../parts/about";
import { figure } from "../../parts/chart";
import { notice } from "../../parts/notice";
import { select } from "../../parts/select";
import type { Column } from "../../parts/table";
import { isKey, type texts } from "../../text/claims";
import type { Colours } from "../../theme";
import type { About, Cell, Frame, Words } from "../../types";
import { forest, forestHeight, type Interval } from "../explain/forest";

export type Say = ReturnType<typeof texts>;
export type Verdict = "supported" | "contradicted" | "mixed" | "not testable";

export interface Claim {
  readonly id: string;
  readonly source: string;
  readonly claim: string;
  readonly hypothesis: string;
  readonly definition: string;
  readonly data: string;
  readonly needed: string;
  readonly verdict: Verdict;
  readonly undecided: boolean;
  readonly text: string;
  readonly missing: string;
  readonly rerun: string;
  readonly example: string;
  readonly alone: boolean;
  readonly findings: number;
  readonly main: Readonly<Record<"supported" | "contradicted" | "open", number>>;
  /** The same in Korean; what has no Korean is as it is. */
  readonly ko: Readonly<Record<"source" | "claim" | "hypothesis" | "text" | "definition" | "data" | "needed", string>>;
}

export interface OneClaim extends Frame {
  readonly about: About;
  readonly claim: Claim;
  /** Names of the units of the findings. */
  readonly units?: Readonly<Record<string, Words>>;
}

const MOST = 40;
const VARYING = ["scope", "source", "definition", "statistic", "years"];
const WORDS = ["supported", "contradicted", "open", "not testable"];
const SHORT = 32;

export function verdictWords(t: Say, verdict: string): string {
  const key = `verdict.${verdict}`;
  return isKey(key) ? t(key) : verdict;
}

function unitName(ctx: Context, { units }: OneClaim, unit: string): string {
  return ctx.say(units?.[unit] ?? unit);
}

function scopeWords(ctx: Context, t: Say, scope: Cell | undefined): string {
  if (scope === "all") return t("every");
  return ctx.say(ctx.study.countries.find((one) => one.code === scope)?.name ?? String(scope ?? ""));
}

export function evidence(ctx: Context, t: Say, answer: OneClaim, compute: boolean): Node[] {
  const { claim } = answer;
  const terms: Child[] = [];
  const row = (term: string, words: string, lang = "en") => void (words && terms.push(h("dt", {}, term), h("dd", { lang }, words)));
  const own = (term: string, name: "text" | "hypothesis" | "definition" | "data" | "needed") => {
    const words = ctx.lang === "ko" ? claim.ko[name] : claim[name];
    row(term, words, words === claim[name] ? "en" : ctx.lang);
  };
  own(t("said"), "text");
  row(t("missing"), claim.missing);
  own(t("hypothesis"), "hypothesis");
  own(t("definition"), "definition");
  own(t("data"), "data");
  own(t("needed"), "needed");
  return [
    h("dl", { class: "terms" }, terms),
    claim.alone ? h("p", { class: "hint" }, t("alone")) : "",
    findings(ctx, t, answer, compute),
    copyable(ctx, t("rerun"), claim.rerun),
    claim.missing && claim.example !== claim.rerun ? copyable(ctx, t("example"), claim.example) : "",
  ].filter((node): node is HTMLElement => node instanceof Node);
}

function findings(ctx: Context, t: Say, answer: OneClaim, compute: boolean): HTMLElement {
  const rows = rowsOf(answer);
  if (rows.length === 0) return notice("info", t("no.findings"));
  const place = h("div");
  const main = rows.filter((row) => row["main"] === true);
  let which = main.length > 0 ? "main" : "all";
  const chosen = () => (which === "main" ? main : rows);
  const units = () => distinct(chosen(), "unit");
  let unit = units()[0] ?? "";
  const draw = () => replace(place, drawn(ctx, t, answer, chosen().filter((row) => row["unit"] === unit), unit, compute));
  const unitControl = select({ label: t("unit"), options: [], value: "", onChange: (value) => ((unit = value), draw()) });
  const fill = () => {
    if (!units().includes(unit)) unit = units()[0] ?? "";
    unitControl.set(unit, units().map((value) => ({ value, words: unitName(ctx, answer, value) })));
    unitControl.element.hidden = units().length < 2;
    draw();
  };
  const kind = select({
    label: t("findings"),
    options: [{ value: "main", words: `${t("findings.main")} (${main.length})` }, { value: "all", words: `${t("findings.all")} (${rows.length})` }],
    value: which,
    onChange: (value) => ((which = value), fill()),
  });
  kind.element.hidden = main.length === 0 || main.length === rows.length;
  fill();
  return h("div", { class: "stack" }, h("div", { class: "controls" }, kind.element, unitControl.element), place);
}

function colourOf(t: Say) {
  return (series: string, colours: Colours): string | undefined =>
    new Map([
      [verdictWords(t, "supported"), colours.series[1]],
      [verdictWords(t, "contradicted"), colours.series[2]],
    ]).get(series) ?? colours.muted;
}

/** Findings named by what differs between them. */
function drawn(ctx: Context, t: Say, answer: OneClaim, rows: readonly Row[], unit: string, compute: boolean): HTMLElement {
  const { about, claim } = answer;
  const named = unitName(ctx, answer, unit);
  const differing = VARYING.filter((key) => distinct(rows, key).length > 1);
  const varying = differing.filter((key) => key !== "years" || !differing.includes("source"));
  const scoped = (key: string, row: Row) => (key === "scope" ? scopeWords(ctx, t, row[key]) : String(row[key] ?? ""));
  const keys = varying.length > 0 ? varying : ["statistic"];
  const nameOf = (row: Row) => keys.map((key) => scoped(key, row)).join(" · ");
  const focus = new Set(Array.isArray(ctx.study.focus) ? (ctx.study.focus as string[]) : []);
  const first = [...rows].sort((a, b) => Number(isFirst(b, focus)) - Number(isFirst(a, focus))).slice(0, MOST);
  const shown = first.flatMap((row): Interval[] => {
    const value = numeric(row["estimate"]);
    return value === null ? [] : [{ name: nameOf(row), series: verdictWords(t, String(row["verdict"])), value, lower: numeric(row["lower"]), upper: numeric(row["upper"]), marked: focus.has(String(row["scope"])) }];
  });
  const intervals = distinct(rows, "interval").filter(Boolean).join("; ");
  const some = rows.length > shown.length ? t("chart.some", { shown: shown.length, all: rows.length }) : "";
  const title = `${claim.id}: ${ctx.lang === "ko" ? claim.ko.claim : claim.claim}`;
  return figure(ctx, {
    title,
    note: `${t("chart.note", { unit: named, interval: intervals || "–" })} ${some}`,
    about,
    name: `claim-${claim.id}`,
    data: address(`claims/${claim.id}`, compute ? { compute: true } : {}),
    pixels: forestHeight(shown),
    option: (colours) =>
      forest(ctx, { rows: shown, unit: "", axis: named.length < SHORT ? named : "", series: WORDS.map((word) => verdictWords(t, word)).filter((word) => shown.some((row) => row.series === word)), colourOf: colourOf(t) }, colours),
    table: { caption: title, rows, columns: columns(ctx, t) },
  }).element;
}

function isFirst(row: Row, focus: ReadonlySet<string>): boolean {
  return row["scope"] === "all" || focus.has(String(row["scope"]));
}

function columns(ctx: Context, t: Say): Column[] {
  const quiet = (value: Cell) => h("small", {}, String(value ?? ""));
  return [
    { key: "scope", title: t("scope"), show: (value) => scopeWords(ctx, t, value) },
    { key: "verdict", title: t("verdict"), show: (value) => verdictWords(t, String(value)) },
    { key: "estimate", title: t("estimate"), unit: "" },
    { key: "lower", title: t("lower"), unit: "" },
    { key: "upper", title: t("upper"), unit: "" },
    { key: "statistic", title: t("statistic"), show: quiet },
    { key: "definition", title: t("definition"), show: quiet },
    { key: "years", title: t("years") },
    { key: "source", title: t("source") },
    { key: "interval", title: t("interval"), show: quiet },
    { key: "main", title: t("main"), show: (value) => t(value === true ? "yes" : "no") },
  ];
}
