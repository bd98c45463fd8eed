/** The figures of one slice: a number for each country and year. */

import type { EChartsOption } from "echarts";
import { address, type Query } from "../../api";
import { number, quantity } from "../../format";
import type { Context } from "../../page";
import { plot, valueAxis, yearAxis } from "../../parts/axes";
import type { FigureSpec, Hit } from "../../parts/chart";
import { scaleOfPage } from "../../parts/echarts";
import type { Point } from "../../parts/about";
import type { MapSpec } from "../../parts/map";
import { table, type Column } from "../../parts/table";
import type { Say } from "../../text/measure";
import type { About } from "../../types";
import { rankOf, type Panel } from "./data";
import { withLegend } from "./legend";
import { countryName, labelName } from "./names";
import { LABELS, type Question, type Slice } from "./question";

export interface Place {
  readonly country: string;
  readonly year: number;
  readonly industry?: string;
  readonly group?: string;
}

/** What every view of a slice is drawn from. */
export interface Shown {
  readonly ctx: Context;
  readonly t: Say;
  readonly about: About;
  /** The measure with its options and labels, in words. */
  readonly title: string;
  readonly panel: Panel;
  readonly slice: Slice;
  readonly path: string;
  readonly query: Query;
  readonly pick: (place: Place) => void;
  /** Of another measure or other options: with how that number is made. */
  readonly point: (words: Point | null, about?: About) => void;
}

export interface Band {
  readonly year: readonly number[];
  readonly low: readonly (number | null)[];
  readonly high: readonly (number | null)[];
  readonly count: number;
}

/** A place and its year; a table of one's own need not have one. */
export function when(place: string, year: number): string {
  return [place, year || ""].filter(Boolean).join(" · ");
}

function said(shown: Shown, country: string, year: number, value: unknown, unit = shown.about.unit) {
  return { label: when(countryName(shown.ctx, country), year), value: quantity(value, unit, shown.ctx.lang) };
}

/** Countries by value: what is left over in a world table is none. */
export function ranked(shown: Shown, year: number): ReturnType<Panel["column"]> {
  const column = shown.panel.column(year);
  const known = new Set(shown.ctx.study.countries.map((one) => one.code));
  const own = shown.query["table"] !== undefined || !known.has(shown.slice.country);
  return own ? column : column.filter((one) => known.has(one.country));
}

export function unitWords(ctx: Context, about: About): string {
  return about.unit && `${ctx.t("about.unit")}: ${ctx.say(about.unit_name ?? about.unit)}`;
}

/** Measure and labels with the countries and years that are drawn: heads figures that leave the page. */
export function subjectOf(shown: Shown, time: string | number | readonly number[], countries: readonly string[] = []): string {
  const span = typeof time === "object" ? [...new Set([time[0], time.at(-1)])].join("–") : String(time);
  return [shown.title, countries.map((code) => countryName(shown.ctx, code)).join(", "), span].filter(Boolean).join(" · ");
}

/** The same where one kind of label is drawn whole: of a question of its own. */
export function subjectAcross({ ctx, t, slice }: Shown, about: About, question: Question, query: Query, across: string, rest: string | number = ""): string {
  const fixed = LABELS.flatMap((kind) => (kind !== across && query[kind] ? [labelName(ctx, question, kind, String(query[kind]))] : []));
  return [ctx.say(about.title), ...fixed, slice.summed && across !== "group" && t("group.all"), rest].filter(Boolean).join(" · ");
}

export function noteOf(shown: Shown): string {
  const { about } = shown;
  return [unitWords(shown.ctx, about), shown.ctx.say(about.words)].filter(Boolean).join(" · ");
}

function years(shown: Shown): Column[] {
  const { ctx, t, about, panel } = shown;
  return panel.years.map((year) => ({
    key: String(year),
    title: year === 0 ? t("value") : String(year),
    unit: about.unit,
    show: (value) => (value === null ? ctx.t("table.undefined") : number(value, about.unit, ctx.lang)),
    onPick: (row) => shown.pick({ country: String(row["code"]), year }),
    onPoint: (row) => shown.point(said(shown, String(row["code"]), year, row[String(year)])),
  }));
}

/** Countries down, years across. */
export function pivot(shown: Shown, countries: readonly string[] = shown.panel.countries) {
  const { panel, ctx, t, slice } = shown;
  const rows = countries.map((code) => ({
    country: countryName(ctx, code),
    code,
    ...Object.fromEntries(panel.years.map((year) => [String(year), panel.value(code, year)])),
  }));
  return {
    caption: shown.title,
    columns: [{ key: "country", title: t("country") }, ...years(shown)],
    rows,
    sort: { key: String(slice.year), down: true },
    marked: (row: Readonly<Record<string, unknown>>) => row["code"] === slice.country,
    onPick: (row: Readonly<Record<string, unknown>>) => shown.pick({ country: String(row["code"]), year: slice.year }),
    onPoint: (row: Readonly<Record<string, unknown>>) => shown.point(said(shown, String(row["code"]), slice.year, row[String(slice.year)])),
  };
}

export function tableView(shown: Shown): HTMLElement {
  const { labels } = shown.slice;
  return table(shown.ctx, { ...pivot(shown), data: address(shown.path, { ...shown.query, ...labels }) });
}

export function trend(shown: Shown, band: Band | null): FigureSpec {
  const { ctx, t, panel, slice, about } = shown;
  const { years: all } = panel;
  const seen = [slice.country, ...slice.others];
  const line = (code: string) => all.map((year) => [String(year), panel.value(code, year)]);
  const nameOf = new Map(seen.map((code) => [countryName(ctx, code), code]));
  return {
    title: t("trend"),
    note: [noteOf(shown), panel.countries.length > seen.length && t("trend.note", { count: panel.countries.length }), band && t("band.note", { count: band.count, country: countryName(ctx, slice.country) })].filter(Boolean).join(" · "),
    name: `${about.measure}-trend`,
    about,
    subject: subjectOf(shown, all, seen),
    data: address(shown.path, { ...shown.query, country: seen }),
    table: { ...pivot(shown, seen), caption: shown.title },
    option: (colours): EChartsOption => ({
      ...withLegend([...nameOf.keys()], { data: [...nameOf.keys()] }),
      tooltip: {
        trigger: "axis",
        formatter: (hits: unknown) => {
          const listed = (hits as (Hit & { axisValue: string })[]).filter((hit) => nameOf.has(hit.seriesName));
          const lines = listed.map((hit) => `${hit.seriesName}: ${number((hit.value as unknown[])[1], about.unit, ctx.lang)}`);
          return [listed[0]?.axisValue ?? "", ...lines].join("\n");
        },
      },
      xAxis: yearAxis(all),
      yAxis: valueAxis(ctx, about.unit),
      series: [
        ...panel.countries
          .filter((code) => !seen.includes(code))
          .map((code) => ({ type: "line" as const, name: countryName(ctx, code), data: line(code), symbol: "none", silent: true, lineStyle: { width: 1, color: colours.line }, emphasis: { lineStyle: { width: 1 } }, z: 1 })),
        ...(band === null ? [] : bandSeries(band, colours.marked)),
        ...seen.map((code, at) => ({
          type: "line" as const,
          name: countryName(ctx, code),
          data: line(code),
          z: at === 0 ? 5 : 3,
          itemStyle: { color: at === 0 ? colours.marked : colours.series[1 + ((at - 1) % (colours.series.length - 1))] ?? colours.ink },
          lineStyle: { width: (at === 0 ? 3.5 : 1.5) * scaleOfPage() },
          ...(at === 0 && all.length > 1 ? { markLine: { silent: true, symbol: "none", label: { show: false }, lineStyle: { color: colours.muted, type: "dotted" as const }, data: [{ xAxis: String(slice.year) }] } } : {}),
        })),
      ],
    }),
    onPick: (hit) => {
      const code = nameOf.get(hit.seriesName);
      if (code !== undefined) shown.pick({ country: code, year: Number((hit.value as unknown[])[0]) });
    },
    onPoint: (hit) => {
      const code = nameOf.get(hit?.seriesName ?? "");
      const at = hit?.value as unknown[] | undefined;
      shown.point(code === undefined || at === undefined ? null : said(shown, code, Number(at[0]), at[1]));
    },
  };
}

function bandSeries(band: Band, colour: string) {
  const rows = band.year.flatMap((year, at) => {
    const [low, high] = [band.low[at] ?? null, band.high[at] ?? null];
    return low === null || high === null ? [] : [{ year: String(year), low, height: high - low }];
  });
  const plain = { type: "line" as const, stack: "band", symbol: "none", silent: true, z: 2, lineStyle: { opacity: 0 }, stackStrategy: "all" as const };
  return [
    { ...plain, name: "low", data: rows.map((row) => [row.year, row.low]) },
    { ...plain, name: "high", data: rows.map((row) => [row.year, row.height]), areaStyle: { color: colour, opacity: 0.18 } },
  ];
}

const BAR = 17;

/** Something with a place among its like. */
export interface Bar {
  readonly code: string;
  readonly name: string;
  readonly value: number;
  readonly rank: number;
}

/** What a ranking is of, and what its bars do; the greatest comes first. */
export interface Ranked extends Pick<FigureSpec, "title" | "words" | "note" | "name" | "data" | "about" | "subject"> {
  readonly bars: readonly Bar[];
  readonly head: string;
  readonly caption: string;
  readonly unit: string;
  readonly year: number;
  readonly chosen: string;
  readonly others: readonly string[];
  /** Values beside all bars, not the chosen ones alone. */
  readonly labels?: boolean;
  readonly place: (bar: Bar) => string;
  readonly pick: (bar: Bar) => void;
  readonly point: (bar: Bar | null) => void;
}

export function rankedBars(ctx: Context, t: Say, ranked: Ranked): FigureSpec {
  const { bars, unit, chosen, others, place, pick, point, labels, head, caption, year, ...rest } = ranked;
  const listed = [...bars].reverse();
  const at = (hit: Hit | null) => (hit === null ? undefined : listed[hit.dataIndex]);
  const barOf = (row: Readonly<Record<string, unknown>>) => bars.find((one) => one.code === row["code"]);
  const width = (innerWidth < 700 ? 120 : 300) * scaleOfPage();
  return {
    ...rest,
    pixels: Math.max(180, 40 + bars.length * BAR * scaleOfPage()),
    table: {
      caption,
      columns: [{ key: "name", title: head }, { key: "rank", title: t("rank.word"), unit: "count" }, { key: "value", title: String(year), unit }],
      rows: bars.map((one) => ({ ...one })),
      marked: (row) => row["code"] === chosen,
      onPick: (row) => {
        const bar = barOf(row);
        if (bar) pick(bar);
      },
      onPoint: (row) => point(barOf(row) ?? null),
    },
    option: (colours): EChartsOption => ({
      grid: plot({ top: 4, right: 64 }),
      tooltip: {
        trigger: "item",
        formatter: (hit: unknown) => {
          const bar = at(hit as Hit);
          return bar ? `${bar.name}\n${place(bar)} · ${quantity(bar.value, unit, ctx.lang)}` : "";
        },
      },
      xAxis: valueAxis(ctx, unit, { zero: true, few: true }),
      yAxis: {
        type: "category",
        data: listed.map((one) => one.name),
        axisTick: { show: false },
        axisLabel: { interval: 0, fontSize: 11 * scaleOfPage(), width, overflow: "truncate", color: ((_name?: string, index?: number) => (listed[index ?? -1]?.code === chosen ? colours.marked : colours.muted)) as never },
      },
      series: [
        {
          type: "bar",
          barWidth: "70%",
          data: listed.map((one) => ({
            value: one.value,
            itemStyle: { color: one.code === chosen ? colours.marked : others.includes(one.code) ? colours.goods : colours.line },
            label: { show: labels === true || one.code === chosen || others.includes(one.code), position: "right", color: colours.ink, fontSize: 11 * scaleOfPage(), formatter: () => number(one.value, unit, ctx.lang) },
          })),
        },
      ],
    }),
    onPick: (hit) => {
      const bar = at(hit);
      if (bar) pick(bar);
    },
    onPoint: (hit) => point(at(hit) ?? null),
  };
}

export function ranking(shown: Shown): FigureSpec {
  const { ctx, t, slice, about } = shown;
  const column = ranked(shown, slice.year);
  const rank = rankOf(column, slice.country);
  const title = t("ranking", { year: slice.year });
  const place = (one: number) => t("rank", { rank: one, count: column.length });
  return rankedBars(ctx, t, {
    title,
    words: rank === null ? title : `${title}: ${countryName(ctx, slice.country)} ${place(rank)}`,
    note: noteOf(shown),
    name: `${about.measure}-ranking-${slice.year}`,
    about,
    subject: subjectOf(shown, slice.year),
    data: address(shown.path, { ...shown.query, year: slice.year }),
    bars: column.map((one) => ({ code: one.country, name: countryName(ctx, one.country), value: one.value, rank: rankOf(column, one.country) ?? 0 })),
    head: t("country"),
    caption: shown.title,
    unit: about.unit,
    year: slice.year,
    chosen: slice.country,
    others: slice.others,
    place: (bar) => place(bar.rank),
    pick: (bar) => shown.pick({ country: bar.code, year: slice.year }),
    point: (bar) => shown.point(bar && said(shown, bar.code, slice.year, bar.value)),
  });
}

export function mapView(shown: Shown): MapSpec {
  const { ctx, t, panel, slice, about } = shown;
  const all = panel.years.flatMap((year) => panel.column(year).map((one) => one.value));
  const column = panel.column(slice.year);
  return {
    title: t("map", { year: slice.year }),
    note: noteOf(shown),
    name: `${about.measure}-map-${slice.year}`,
    about,
    subject: subjectOf(shown, slice.year),
    data: address(shown.path, { ...shown.query, year: slice.year }),
    values: new Map(panel.countries.map((code) => [code, panel.value(code, slice.year)])),
    unit: about.unit,
    marked: [slice.country],
    scale: Math.min(...all) < 0 && Math.max(...all) > 0 ? "diverging" : "sequential",
    ...(all.length > 0 ? { range: [Math.min(...all), Math.max(...all)] as const } : {}),
    table: {
      caption: shown.title,
      columns: [{ key: "country", title: t("country") }, { key: "value", title: String(slice.year), unit: about.unit }],
      rows: column.map((one) => ({ country: countryName(ctx, one.country), code: one.country, value: one.value })),
      marked: (row) => row["code"] === slice.country,
      onPick: (row) => shown.pick({ country: String(row["code"]), year: slice.year }),
      onPoint: (row) => shown.point(said(shown, String(row["code"]), slice.year, row["value"])),
    },
    onPick: (country) => shown.pick({ country, year: slice.year }),
    onPoint: (country) => shown.point(country === null ? null : said(shown, country, slice.year, panel.value(country, slice.year))),
  };
}
