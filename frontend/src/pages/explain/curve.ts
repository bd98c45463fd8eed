/** A specification curve: estimates in rising order above the choices behind each. */

import type { CustomSeriesRenderItemAPI, CustomSeriesRenderItemParams, EChartsOption } from "echarts";
import { number } from "../../format";
import { numeric, type Row } from "../../frames";
import type { Context } from "../../page";
import type { Hit } from "../../parts/chart";
import { scaleOfPage } from "../../parts/echarts";
import type { Colours } from "../../theme";

export interface Choice {
  readonly words: string;
  readonly holds: (row: Row) => boolean;
}

const NARROW = 640;
const TOP = 200;
const STEP = 20;

export function curveHeight(choices: readonly Choice[]): number {
  return Math.round((TOP + 56 + choices.length * STEP) * scaleOfPage());
}

/** The row of the estimate, or of the choice behind it, under the cursor. */
export function rowAt(rows: readonly Row[], hit: Hit | null): Row | undefined {
  return rows[hit?.seriesIndex === 1 ? (hit.value as [number, number])[0] : (hit?.dataIndex ?? -1)];
}

export function specificationCurve(ctx: Pick<Context, "lang">, rows: readonly Row[], choices: readonly Choice[], colours: Colours): EChartsOption {
  const scale = scaleOfPage();
  const left = (innerWidth < NARROW ? 110 : 250) * scale;
  const value = (row: Row, key: string) => numeric(row[key]) ?? 0;
  const clear = (row: Row) => value(row, "lower") > 0 || value(row, "upper") < 0;
  const ranks = rows.map((_, at) => String(at + 1));
  const words = (row: Row | undefined) =>
    row === undefined ? "" : `${number(row["estimate"], "", ctx.lang)} [${number(row["lower"], "", ctx.lang)}, ${number(row["upper"], "", ctx.lang)}]\n${choices.filter((one) => one.holds(row)).map((one) => one.words).join("\n")}`;
  const renderItem = (params: CustomSeriesRenderItemParams, api: CustomSeriesRenderItemAPI) => {
    const row = rows[params.dataIndex];
    if (row === undefined) return null;
    const end = (key: string) => api.coord([params.dataIndex, value(row, key)]);
    const [[x = 0, y = 0], low, high] = [end("estimate"), end("lower"), end("upper")];
    const color = clear(row) ? colours.marked : colours.muted;
    return {
      type: "group" as const,
      children: [
        { type: "line" as const, shape: { x1: x, y1: low[1] ?? y, x2: x, y2: high[1] ?? y }, style: { stroke: color, lineWidth: 1.5 * scale, opacity: 0.6 } },
        { type: "circle" as const, shape: { cx: x, cy: y, r: 3.5 * scale }, style: { fill: clear(row) ? color : colours.ground, stroke: color, lineWidth: 1.5 * scale } },
      ],
    };
  };
  const dots = rows.flatMap((row, at) => choices.flatMap((one, place) => (one.holds(row) ? [{ value: [at, place], itemStyle: { color: clear(row) ? colours.marked : colours.muted } }] : [])));
  const axis = { type: "category" as const, data: ranks, axisLabel: { show: false }, axisTick: { show: false } };
  return {
    tooltip: { trigger: "item" },
    grid: [
      { left, right: 16 * scale, top: 12 * scale, height: TOP * scale },
      { left, right: 16 * scale, top: (TOP + 30) * scale, height: choices.length * STEP * scale },
    ],
    xAxis: [
      { ...axis, gridIndex: 0, axisLine: { onZero: true, lineStyle: { color: colours.muted, type: "dashed" } } },
      { ...axis, gridIndex: 1, axisLine: { show: false } },
    ],
    yAxis: [
      { type: "value", gridIndex: 0, scale: false, axisLabel: { formatter: (at: number) => number(at, "", ctx.lang, "short") } },
      { type: "category", gridIndex: 1, inverse: true, data: choices.map((one) => one.words), axisTick: { show: false }, axisLine: { show: false }, axisLabel: { interval: 0, width: left - 12 * scale, overflow: "truncate" }, splitLine: { show: true, lineStyle: { color: colours.faint } } },
    ],
    series: [
      { type: "custom", xAxisIndex: 0, yAxisIndex: 0, encode: { x: 0, y: [1, 2, 3] }, data: rows.map((row, at) => [at, value(row, "estimate"), value(row, "lower"), value(row, "upper")]), renderItem, tooltip: { formatter: (hit) => words(rows[(hit as { dataIndex: number }).dataIndex]) } },
      { type: "scatter", xAxisIndex: 1, yAxisIndex: 1, symbolSize: 7 * scale, data: dots, tooltip: { formatter: (hit) => words(rows[(hit as unknown as { value: [number, number] }).value[0]]) } },
    ],
  };
}
