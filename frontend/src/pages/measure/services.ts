/** By which services: the groups of services a number is made of. */

import type { EChartsOption } from "echarts";
import { address, type Query } from "../../api";
import { h } from "../../dom";
import { number, quantity } from "../../format";
import { numeric, rowsOf } from "../../frames";
import type { Context } from "../../page";
import { valueAxis, yearAxis } from "../../parts/axes";
import type { FigureSpec, Hit } from "../../parts/chart";
import { scaleOfPage } from "../../parts/echarts";
import type { Column } from "../../parts/table";
import type { MeasureAnswer } from "../../types";
import { figureOf, type Drawn } from "./drawn";
import { withLegend } from "./legend";
import { countryName, groupingOf, labelName, short } from "./names";
import { ADDITIVE, baseQuery, findVariant, measurePath, type Question, type Scope, type Slice } from "./question";
import { subjectOf, type Place, type Shown } from "./views";

/** Groupings that take a definition of one group apart: each industry in it is in one of theirs. */
const PARTS: Readonly<Record<string, string>> = { services: "kiet", kibs: "kibs_types" };

export interface ServicesPlan {
  readonly question: Question;
  readonly query: Query;
  readonly additive: boolean;
  /** The definition whose parts these are. */
  readonly whole: string;
}

/** The question by group of what is counted: this one, or one whose groups are parts of the same. */
export function servicesPlan(ctx: Context, question: Question, scope: Scope, slice: Slice): ServicesPlan | null {
  const { info, options } = question;
  if (options["grouping"] === undefined || scope.labels.group === undefined) return null;
  const make = (other: Question): ServicesPlan => {
    const { group: _group, ...labels } = slice.labels;
    return { question: other, query: { ...baseQuery(other), ...labels, country: [slice.country, ...slice.others] }, additive: ADDITIVE.has(info.name), whole: options["grouping"] ?? "" };
  };
  if ((scope.labels.group?.length ?? 0) > 1) return make(question);
  const grouping = PARTS[options["grouping"]];
  if (grouping === undefined || groupingOf(ctx, grouping) === undefined) return null;
  const held = question.table === "" ? findVariant(info, { ...options, grouping }) : null;
  if (held !== null) return make({ ...question, options: held.options, only: held.only, stored: true });
  if (!(ctx.study.live.tables || question.table)) return null;
  return make({ ...question, options: { ...options, grouping }, stored: false });
}

export interface GroupShare {
  readonly code: string;
  readonly name: string;
  readonly value: number;
}

/** Groups of one country and year, greatest first. */
export function sharesOf(ctx: Context, plan: ServicesPlan, answer: MeasureAnswer, country: string, year: number): GroupShare[] {
  return rowsOf(answer)
    .filter((row) => row["country"] === country && row["year"] === year)
    .flatMap((row) => {
      const [code, value] = [String(row["group"]), numeric(row["value"])];
      return value === null ? [] : [{ code, name: labelName(ctx, plan.question, "group", code), value }];
    })
    .sort((a, b) => b.value - a.value);
}

interface Cut {
  readonly groups: readonly string[];
  readonly name: (group: string) => string;
  readonly value: (country: string, year: number, group: string) => number | null;
}

function cutOf(ctx: Context, plan: ServicesPlan, answer: MeasureAnswer): Cut {
  const rows = rowsOf(answer);
  const cells = new Map(rows.map((row) => [`${row["country"]} ${row["year"]} ${row["group"]}`, numeric(row["value"])]));
  return {
    groups: [...new Set(rows.map((row) => String(row["group"])))],
    name: (group) => labelName(ctx, plan.question, "group", group),
    value: (country, year, group) => cells.get(`${country} ${year} ${group}`) ?? null,
  };
}

function colourOf(at: number, colours: { series: readonly string[] }): string {
  return colours.series[at % colours.series.length] ?? "";
}

export function servicesOverTime(shown: Shown, plan: ServicesPlan, answer: MeasureAnswer, pick: (place: Place, question: Question) => void): FigureSpec {
  const { ctx, t, slice, panel } = shown;
  const unit = answer.about.unit;
  const whole = ctx.say(groupingOf(ctx, plan.whole)?.title ?? "");
  const cut = cutOf(ctx, plan, answer);
  const { years } = panel;
  const country = countryName(ctx, slice.country);
  const column = (year: number): Column => ({
    key: String(year),
    title: String(year),
    unit,
    onPick: (row) => pick({ country: slice.country, year, group: String(row["code"]) }, plan.question),
    onPoint: (row) => shown.point({ label: `${country} · ${String(row["name"])} · ${year}`, value: quantity(row[String(year)], unit, ctx.lang) }, answer.about),
  });
  return {
    title: t("services.time", { country }),
    note: [ctx.say(answer.about.words), plan.additive ? (plan.whole === plan.question.options["grouping"] ? t("services.sum") : t("services.sum.of", { whole })) : ""].filter(Boolean).join(" · "),
    name: `${answer.about.measure}-services-${slice.country}`,
    about: answer.about,
    subject: subjectOf(shown, years, [slice.country]),
    data: address(measurePath(plan.question), { ...plan.query, country: slice.country }),
    table: {
      caption: t("services.time", { country }),
      columns: [{ key: "name", title: t("group") }, ...years.map(column)],
      rows: !years.some((year) => cut.groups.some((group) => cut.value(slice.country, year, group) !== null)) ? [] : cut.groups.map((group) => ({ name: cut.name(group), code: group, ...Object.fromEntries(years.map((year) => [String(year), cut.value(slice.country, year, group)])) })),
    },
    option: (colours): EChartsOption => ({
      ...withLegend(cut.groups.map((group) => short(cut.name(group), 32))),
      tooltip: {
        trigger: "axis",
        formatter: (hits: unknown) => {
          const all = hits as (Hit & { axisValue: string })[];
          const lines = [...all].reverse().map((hit) => `${hit.seriesName}: ${number((hit.value as unknown[])[1], unit, ctx.lang)}`);
          return [all[0]?.axisValue ?? "", ...lines].join("\n");
        },
      },
      xAxis: { ...yearAxis(years), boundaryGap: plan.additive },
      yAxis: valueAxis(ctx, unit, { zero: plan.additive }),
      series: cut.groups.map((group, at) => ({
        type: plan.additive ? ("bar" as const) : ("line" as const),
        ...(plan.additive ? { stack: "all", barCategoryGap: "15%" } : {}),
        name: short(cut.name(group), 32),
        data: years.map((year) => [String(year), cut.value(slice.country, year, group)]),
        itemStyle: { color: colourOf(at, colours) },
      })) as never,
    }),
    onPick: (hit) => {
      const group = cut.groups[hit.seriesIndex];
      if (group !== undefined) pick({ country: slice.country, year: Number((hit.value as unknown[])[0]), group }, plan.question);
    },
    onPoint: (hit) => {
      const at = hit?.value as unknown[] | undefined;
      shown.point(hit === null || at === undefined ? null : { label: `${country} · ${hit.seriesName} · ${String(at[0])}`, value: quantity(at[1], unit, ctx.lang) }, answer.about);
    },
  };
}

export function servicesAcross(shown: Shown, plan: ServicesPlan, answer: MeasureAnswer, pick: (place: Place, question: Question) => void): FigureSpec {
  const { ctx, t, slice } = shown;
  const unit = answer.about.unit;
  const cut = cutOf(ctx, plan, answer);
  const listed = [slice.country, ...slice.others].reverse();
  const title = t("services.across", { year: slice.year });
  const column = (code: string): Column => ({
    key: code,
    title: countryName(ctx, code),
    unit,
    onPick: (row) => pick({ country: code, year: slice.year, group: String(row["code"]) }, plan.question),
    onPoint: (row) => shown.point({ label: `${countryName(ctx, code)} · ${String(row["name"])} · ${slice.year}`, value: quantity(row[code], unit, ctx.lang) }, answer.about),
  });
  return {
    title,
    note: ctx.say(answer.about.words),
    name: `${answer.about.measure}-services-${slice.year}`,
    about: answer.about,
    subject: subjectOf(shown, slice.year, [...listed].reverse()),
    data: address(measurePath(plan.question), { ...plan.query, year: slice.year }),
    table: {
      caption: title,
      columns: [{ key: "name", title: t("group") }, ...[...listed].reverse().map(column)],
      rows: !listed.some((code) => cut.groups.some((group) => cut.value(code, slice.year, group) !== null)) ? [] : cut.groups.map((group) => ({ name: cut.name(group), code: group, ...Object.fromEntries(listed.map((code) => [code, cut.value(code, slice.year, group)])) })),
    },
    option: (colours): EChartsOption => ({
      ...withLegend(cut.groups.map((group) => short(cut.name(group), 32))),
      tooltip: { trigger: "item", formatter: (hit: unknown) => `${(hit as Hit).name}\n${(hit as Hit).seriesName}: ${quantity((hit as Hit).value, unit, ctx.lang)}` },
      xAxis: valueAxis(ctx, unit, { zero: true, few: true }),
      yAxis: { type: "category", data: listed.map((code) => countryName(ctx, code)), axisTick: { show: false }, axisLabel: { color: ((_name?: string, index?: number) => (listed[index ?? -1] === slice.country ? colours.marked : colours.muted)) as never } },
      series: cut.groups.map((group, at) => ({
        type: "bar" as const,
        ...(plan.additive ? { stack: "all" } : {}),
        name: short(cut.name(group), 32),
        data: listed.map((code) => cut.value(code, slice.year, group)),
        itemStyle: { color: colourOf(at, colours) },
        barMaxWidth: 26 * scaleOfPage(),
      })) as never,
    }),
    onPick: (hit) => {
      const [group, country] = [cut.groups[hit.seriesIndex], listed[hit.dataIndex]];
      if (group !== undefined && country !== undefined) pick({ country, year: slice.year, group }, plan.question);
    },
    onPoint: (hit) => shown.point(hit === null ? null : { label: `${hit.name} · ${hit.seriesName} · ${slice.year}`, value: quantity(hit.value, unit, ctx.lang) }, answer.about),
  };
}

/** The service groups over time and across countries. */
export function servicesPart(drawn: Drawn): HTMLElement {
  const { ctx } = drawn;
  const place = h("div", { class: "services" });
  const { question, scope } = drawn;
  const plan = servicesPlan(ctx, question, scope, drawn.shown().slice);
  if (plan === null) return place;
  const pick = (one: Place, other: Question) => drawn.pick(one, other);
  const load = () =>
    ctx.load<MeasureAnswer>(
      place,
      measurePath(plan.question),
      plan.query,
      (answer) => {
        if (drawn.services === null) {
          drawn.services = { plan, answer };
          drawn.late = null;
          drawn.summary();
        }
        return [
          figureOf(drawn, (shown) => servicesOverTime(shown, plan, answer, pick)),
          ...(drawn.shown().slice.others.length > 0 ? [figureOf(drawn, (shown) => servicesAcross(shown, plan, answer, pick))] : []),
        ];
      },
      drawn.signal,
    );
  void load();
  return place;
}
