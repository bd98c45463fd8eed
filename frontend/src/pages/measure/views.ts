/** The figures of one slice: a number for each country and year. */

import type { EChartsOption } from "echarts";
import { address, type Query } from "../../api";
import { number, quantity } from "../../format";
import type { Context } from "../../page";
import { plot, valueAxis, yearAxis } from "../../parts/axes";
import type { FigureSpec, Hit } from "../../parts/chart";
import { scaleOfPage } from "../../parts/echarts";
import type { MapSpec } from "../../parts/map";
import { table, type Column } from "../../parts/table";
import type { Say } from "../../text/measure";
import type { About } from "../../types";
import { rankOf, type Panel } from "./data";
import { withLegend } from "./legend";
import { countryName } from "./names";
import type { Slice } from "./question";

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
  readonly point: (words: { label: string; value: string } | null) => void;
}

export interface Band {
  readonly year: readonly number[];
  readonly low: readonly (number | null)[];
  readonly high: readonly (number | null)[];
  readonly count: number;
}

function said(shown: Shown, country: string, year: number, value: unknown, unit = shown.about.unit) {
  return { label: `${countryName(shown.ctx, country)} · ${year}`, value: quantity(value, unit, shown.ctx.lang) };
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

export function noteOf(shown: Shown): string {
  const { about } = shown;
  return [unitWords(shown.ctx, about), shown.ctx.say(about.words)].filter(Boolean).join(" · ");
}

function years(shown: Shown): Column[] {
  return shown.panel.years.map((year) => ({ key: String(year), title: String(year), unit: shown.about.unit }));
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
    columns: [{ key: "country", title: t("country") }, ...years(shown).map((one) => ({ ...one, show: (value: unknown) => (value === null ? ctx.t("table.undefined") : number(value, shown.about.unit, ctx.lang)) }))],
    rows,
    sort: { key: String(slice.year), down: true },
    marked: (row: Readonly<Record<string, unknown>>) => row["code"] === slice.country,
    onPick: (row: Readonly<Record<string, unknown>>) => shown.pick({ country: String(row["code"]), year: slice.year }),
    onPoint: (row: Readonly<Record<string, unknown>>) => shown.point(said(shown, String(row["code"]), slice.year, row[String(slice.year)])),
  };
}

export function tableView(shown: Shown): HTMLElement {
  return table(shown.ctx, pivot(shown));
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
          .map((code) => ({ type: "line" as const, name: countryName(ctx, code), data: line(code), showSymbol: false, silent: true, lineStyle: { width: 1, color: colours.line }, z: 1 })),
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
  const plain = { type: "line" as const, stack: "band", showSymbol: false, silent: true, z: 2, lineStyle: { opacity: 0 }, stackStrategy: "all" as const };
  return [
    { ...plain, name: "low", data: rows.map((row) => [row.year, row.low]) },
    { ...plain, name: "high", data: rows.map((row) => [row.year, row.height]), areaStyle: { color: colour, opacity: 0.18 } },
  ];
}

const BAR = 17;

export function ranking(shown: Shown): FigureSpec {
  const { ctx, t, slice, about } = shown;
  const column = ranked(shown, slice.year);
  const listed = [...column].reverse();
  const rank = rankOf(column, slice.country);
  return {
    title: t("ranking", { year: slice.year }),
    words: rank === null ? t("ranking", { year: slice.year }) : `${t("ranking", { year: slice.year })}: ${countryName(ctx, slice.country)} ${t("rank", { rank, count: column.length })}`,
    note: noteOf(shown),
    name: `${about.measure}-ranking-${slice.year}`,
    data: address(shown.path, { ...shown.query, year: slice.year }),
    pixels: Math.max(180, 40 + column.length * BAR * scaleOfPage()),
    table: {
      caption: shown.title,
      columns: [{ key: "country", title: t("country") }, { key: "rank", title: t("rank.word"), unit: "count" }, { key: "value", title: String(slice.year), unit: about.unit }],
      rows: column.map((one) => ({ country: countryName(ctx, one.country), code: one.country, rank: rankOf(column, one.country), value: one.value })),
      marked: (row) => row["code"] === slice.country,
    },
    option: (colours): EChartsOption => ({
      grid: plot({ top: 4, right: 64 }),
      tooltip: { trigger: "item", formatter: (hit: unknown) => `${(hit as Hit).name}\n${t("rank", { rank: column.length - (hit as Hit).dataIndex, count: column.length })} · ${quantity((hit as Hit).value, about.unit, ctx.lang)}` },
      xAxis: valueAxis(ctx, about.unit, { zero: true, few: true }),
      yAxis: {
        type: "category",
        data: listed.map((one) => countryName(ctx, one.country)),
        axisTick: { show: false },
        axisLabel: { interval: 0, fontSize: 11 * scaleOfPage(), color: ((name?: string) => (name === countryName(ctx, slice.country) ? colours.marked : colours.muted)) as never },
      },
      series: [
        {
          type: "bar",
          barWidth: "70%",
          data: listed.map((one) => ({
            value: one.value,
            itemStyle: { color: one.country === slice.country ? colours.marked : slice.others.includes(one.country) ? colours.goods : colours.line },
            label: { show: one.country === slice.country || slice.others.includes(one.country), position: "right", color: colours.ink, fontSize: 11 * scaleOfPage(), formatter: () => number(one.value, about.unit, ctx.lang) },
          })),
        },
      ],
    }),
    onPick: (hit) => {
      const code = listed[hit.dataIndex]?.country;
      if (code !== undefined) shown.pick({ country: code, year: slice.year });
    },
    onPoint: (hit) => {
      const one = hit === null ? undefined : listed[hit.dataIndex];
      shown.point(one === undefined ? null : said(shown, one.country, slice.year, one.value));
    },
  };
}

export function mapView(shown: Shown): MapSpec {
  const { ctx, t, panel, slice, about } = shown;
  const all = panel.years.flatMap((year) => panel.column(year).map((one) => one.value));
  const column = panel.column(slice.year);
  return {
    title: t("map", { year: slice.year }),
    note: noteOf(shown),
    name: `${about.measure}-map-${slice.year}`,
    data: address(shown.path, { ...shown.query, year: slice.year }),
    values: new Map(panel.countries.map((code) => [code, panel.value(code, slice.year)])),
    unit: about.unit,
    marked: [slice.country],
    scale: Math.min(...all) < 0 && Math.max(...all) > 0 ? "diverging" : "sequential",
    ...(all.length > 0 ? { range: [Math.min(...all), Math.max(...all)] as const } : {}),
    table: {
      caption: shown.title,
      columns: [{ key: "country", title: t("country") }, { key: "value", title: String(slice.year), unit: about.unit }],
      rows: column.map((one) => ({ country: countryName(ctx, one.country), value: one.value })),
    },
    onPick: (country) => shown.pick({ country, year: slice.year }),
    onPoint: (country) => shown.point(country === null ? null : said(shown, country, slice.year, panel.value(country, slice.year))),
  };
}
