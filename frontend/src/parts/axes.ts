/** Axes every page writes alike. */

import { number } from "../format";
import type { Context } from "../page";
import { scaleOfPage } from "./echarts";

/** Where the plot lies: room for a legend on top, axis labels inside. */
export function plot(how: { top?: number; right?: number } = {}) {
  const scale = scaleOfPage();
  return {
    left: 4,
    right: (how.right ?? 16) * scale,
    top: (how.top ?? 36) * scale,
    bottom: 4,
    outerBoundsMode: "same" as const,
    outerBoundsContain: "axisLabel" as const,
  };
}

/** Years as categories: each at its place, labels whole. Data are `[String(year), value]`. */
export function yearAxis(years: readonly number[]) {
  const [low, high] = [Math.min(...years), Math.max(...years)];
  const all = years.length === 0 ? [] : Array.from({ length: high - low + 1 }, (_, at) => String(low + at));
  return { type: "category" as const, data: all, boundaryGap: false, axisLabel: { hideOverlap: true } };
}

/** Values of a unit; `zero` makes the axis start there, `few` writes few of them: across a narrow figure. */
export function valueAxis(ctx: Pick<Context, "lang">, unit: string, how: { name?: string; zero?: boolean; few?: boolean } = {}) {
  return {
    type: "value" as const,
    name: how.name ?? "",
    nameGap: 12,
    scale: !how.zero,
    ...(how.few ? { splitNumber: 2 } : {}),
    axisLabel: { formatter: (value: number) => number(value, unit, ctx.lang, "short"), hideOverlap: true },
  };
}
