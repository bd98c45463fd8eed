/** Points with their intervals, several series side by side: filled where the interval leaves out zero. */

import type { CustomSeriesOption, CustomSeriesRenderItemAPI, CustomSeriesRenderItemParams, EChartsOption } from "echarts";
import { number } from "../../format";
import type { Context } from "../../page";
import type { Point } from "../../parts/about";
import { plot, valueAxis } from "../../parts/axes";
import type { Hit } from "../../parts/chart";
import { scaleOfPage } from "../../parts/echarts";
import type { Colours } from "../../theme";

export interface Interval {
  readonly name: string;
  readonly series: string;
  readonly value: number;
  readonly lower: number | null;
  readonly upper: number | null;
  readonly marked?: boolean;
}

export interface ForestSpec {
  readonly rows: readonly Interval[];
  readonly unit: string;
  readonly axis: string;
  /** Series names in order of their colours; those of the rows where it is left out. */
  readonly series?: readonly string[];
  readonly colourOf?: (series: string, colours: Colours) => string | undefined;
}

const NARROW = 640;
const APART = 11;
const AROUND = 84;
const UNDER = 26;
const LINE = 14;
const LETTER = 6.4;
const MOST_LINES = 3;

export const namesOf = (rows: readonly Interval[]): string[] => [...new Set(rows.map((row) => row.name))];
const seriesOf = (spec: ForestSpec): readonly string[] => spec.series ?? [...new Set(spec.rows.map((row) => row.series))];

export function isClear(row: Pick<Interval, "lower" | "upper">): boolean {
  return row.lower !== null && row.upper !== null && row.lower < row.upper && (row.lower > 0 || row.upper < 0);
}

const room = (): number => (innerWidth < NARROW ? 120 : 260);

/** The name of the axis in two lines where the plot is narrow. */
const broken = (name: string): string => (innerWidth < NARROW ? name.replace(", ", ",\n") : name);
const under = (): number => (innerWidth < NARROW ? UNDER + LINE : UNDER);

/** Lines the longest name needs. */
function linesOf(names: readonly string[]): number {
  const letters = Math.max(1, ...names.map((name) => name.length));
  return Math.min(MOST_LINES, Math.ceil((letters * LETTER) / room()));
}

function cut(name: string): string {
  const most = Math.floor((MOST_LINES * room()) / LETTER) - 10;
  return name.length > most ? `${name.slice(0, most)}…` : name;
}

/** Pixels a forest needs. */
export function forestHeight(rows: readonly Interval[]): number {
  const names = namesOf(rows);
  const side = Math.max(0, ...names.map((name) => rows.filter((row) => row.name === name).length));
  return Math.round((AROUND - UNDER + under() + names.length * Math.max(LINE * linesOf(names) + 10, APART * side + 8)) * scaleOfPage());
}

export function intervalWords(ctx: Pick<Context, "lang">, row: Pick<Interval, "value" | "lower" | "upper">, unit: string): string {
  const text = number(row.value, unit, ctx.lang);
  return row.lower === null || row.upper === null ? text : `${text} [${number(row.lower, unit, ctx.lang)}, ${number(row.upper, unit, ctx.lang)}]`;
}

function drawn(color: string, at: (row: number) => number, rows: readonly Interval[], ground: string) {
  return (params: CustomSeriesRenderItemParams, api: CustomSeriesRenderItemAPI) => {
    const row = rows[params.dataIndex];
    if (row === undefined) return null;
    const scale = scaleOfPage();
    const place = Number(api.value(0));
    const [x = 0, middle = 0] = api.coord([row.value, place]);
    const y = middle + at(params.dataIndex) * APART * scale;
    const end = (value: number | null) => (value === null ? x : (api.coord([value, place])[0] ?? x));
    const width = row.marked ? 3 : 1.8;
    return {
      type: "group" as const,
      children: [
        { type: "line" as const, shape: { x1: end(row.lower), y1: y, x2: end(row.upper), y2: y }, style: { stroke: color, lineWidth: width * scale } },
        { type: "circle" as const, shape: { cx: x, cy: y, r: (row.marked ? 5.5 : 4.5) * scale }, style: { fill: isClear(row) ? color : ground, stroke: color, lineWidth: 1.8 * scale } },
      ],
    };
  };
}

/** The number under the cursor, with what the axis measures. */
export function pointed(ctx: Pick<Context, "lang">, spec: ForestSpec, hit: Hit | null): Point | null {
  const series = seriesOf(spec)[hit?.seriesIndex ?? -1];
  return pointOf(ctx, spec, spec.rows.filter((one) => one.series === series)[hit?.dataIndex ?? -1]);
}

export function pointOf(ctx: Pick<Context, "lang">, spec: ForestSpec, row: Interval | null | undefined): Point | null {
  if (row === null || row === undefined) return null;
  const beside = seriesOf(spec).length > 1 && row.series;
  return { label: [row.name, beside, spec.axis].filter(Boolean).join(" · "), value: intervalWords(ctx, row, spec.unit) };
}

export function forest(ctx: Pick<Context, "lang">, spec: ForestSpec, colours: Colours): EChartsOption {
  const names = namesOf(spec.rows);
  const order = seriesOf(spec);
  const scale = scaleOfPage();
  const shown = new Map<string, Interval[]>(names.map((name) => [name, spec.rows.filter((row) => row.name === name)]));
  const series: CustomSeriesOption[] = order.map((one, at) => {
    const own = spec.rows.filter((row) => row.series === one);
    const color = spec.colourOf?.(one, colours) ?? colours.series[at % colours.series.length] ?? colours.ink;
    const shift = (index: number) => {
      const beside = shown.get(own[index]?.name ?? "") ?? [];
      return beside.indexOf(own[index] as Interval) - (beside.length - 1) / 2;
    };
    return {
      type: "custom",
      name: one,
      color,
      itemStyle: { color },
      clip: true,
      encode: { x: [1, 2, 3], y: 0 },
      data: own.map((row) => [names.indexOf(row.name), row.value, row.lower ?? row.value, row.upper ?? row.value]),
      renderItem: drawn(color, shift, own, colours.ground),
      tooltip: { formatter: (hit) => words(own[(hit as { dataIndex: number }).dataIndex]) },
      ...(at === 0 ? { markLine: { silent: true, symbol: "none", label: { show: false }, lineStyle: { color: colours.muted, type: "dashed" }, data: [{ xAxis: 0 }] } } : {}),
    };
  });
  const words = (row: Interval | undefined) => (row === undefined ? "" : `${row.name}\n${order.length > 1 ? `${row.series}\n` : ""}${intervalWords(ctx, row, spec.unit)}`);
  return {
    tooltip: { trigger: "item" },
    legend: { show: order.length > 1, data: [...order] },
    grid: { ...plot({ top: order.length > 1 ? 34 : 8 }), bottom: under() * scale },
    xAxis: { ...valueAxis(ctx, spec.unit), name: broken(spec.axis), nameLocation: "middle", nameGap: 26 * scale, scale: false },
    yAxis: { type: "category", data: names, inverse: true, axisTick: { show: false }, axisLabel: { width: room() * scale, overflow: "break", lineHeight: LINE * scale, interval: 0, formatter: cut }, splitLine: { show: true, lineStyle: { color: colours.faint } } },
    series,
  };
}
