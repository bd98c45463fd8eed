/** A matrix of coloured tiles, one colour a kind, with a legend that can be read and exported. */

import type { CustomSeriesOption, EChartsOption } from "echarts";
import type { Context } from "../../page";
import { plot } from "../../parts/axes";
import { scaleOfPage } from "../../parts/echarts";
import { inkOn } from "./kit";

export interface Kind {
  readonly id: string;
  readonly words: string;
  readonly colour: string;
  readonly decal?: Hatch;
}

type Hatch = ReturnType<typeof hatch>;

/** Slanted lines. */
export function hatch(color: string) {
  return { symbol: "rect", color, dashArrayX: [1, 0], dashArrayY: [1, 5], rotation: -Math.PI / 4 };
}

export interface Tile {
  readonly x: number;
  readonly y: number;
  readonly kind: string;
  readonly text: string;
  /** Lines of the tooltip. */
  readonly words: string;
}

interface Matrix {
  readonly columns: readonly string[];
  readonly rows: readonly string[];
  readonly tiles: readonly Tile[];
  readonly kinds: readonly Kind[];
  /** Turned column names, where they are long. */
  readonly upright?: boolean;
  readonly marked?: (row: string) => boolean;
}

const NARROW = 640;
const LETTER = 7;

function series(kind: Kind, own: readonly Tile[]): CustomSeriesOption {
  const scale = scaleOfPage();
  const size = 11 * scale;
  return {
    type: "custom",
    name: kind.words,
    itemStyle: { color: kind.colour, ...(kind.decal && { decal: kind.decal }) },
    data: own.map((one) => ({ value: [one.x, one.y], name: one.words, text: one.text }) as never),
    renderItem: (params, api) => {
      const [x = 0, y = 0] = api.coord([api.value(0), api.value(1)]);
      const [w = 0, high = 0] = api.size?.([1, 1]) as number[];
      const text = own[params.dataIndex]?.text ?? "";
      const shown = high < size ? undefined : [text, text.replaceAll(" ", ""), text.slice(0, 1)].find((one) => one.length * LETTER * scale < w);
      return {
        type: "rect",
        shape: { x: x - w / 2 + 0.75, y: y - high / 2 + 0.75, width: Math.max(1, w - 1.5), height: Math.max(1, high - 1.5), r: 2 },
        style: { fill: kind.colour, ...(kind.decal && { decal: { ...kind.decal } as never }) },
        emphasis: { style: { stroke: "#888", lineWidth: 2 } },
        ...(shown ? { textContent: { type: "text" as const, style: { text: shown, fill: inkOn(kind.colour), fontSize: size, ...(kind.decal && { stroke: kind.colour, lineWidth: 4 }) } }, textConfig: { position: "inside" as const } } : {}),
      };
    },
  };
}

export function tileOption(ctx: Context, matrix: Matrix): EChartsOption {
  const scale = scaleOfPage();
  const narrow = innerWidth < NARROW;
  const { ink, muted } = ctx.colours;
  const names = { interval: 0, hideOverlap: false, overflow: "truncate" as const };
  return {
    tooltip: { trigger: "item", formatter: (hit) => String((hit as { name: string }).name) },
    legend: {},
    grid: { ...plot({ top: 34, right: 6 }), outerBoundsClampWidth: "10%", outerBoundsClampHeight: "10%" },
    xAxis: {
      type: "category",
      data: [...matrix.columns],
      position: matrix.upright ? "top" : "bottom",
      axisLine: { show: false },
      axisTick: { show: false },
      axisLabel: matrix.upright ? { ...names, rotate: 90, width: 235 * scale } : { interval: 0 },
    },
    yAxis: {
      type: "category",
      data: [...matrix.rows],
      inverse: true,
      axisLine: { show: false },
      axisTick: { show: false },
      axisLabel: {
        ...names,
        width: (narrow ? 104 : 250) * scale,
        color: (value) => (matrix.marked?.(String(value)) ? ink : muted),
      },
    },
    series: matrix.kinds.flatMap((kind) => {
      const own = matrix.tiles.filter((one) => one.kind === kind.id);
      return own.length === 0 ? [] : [series(kind, own)];
    }),
  };
}

/** Height of a matrix of so many rows. */
export function tilePixels(rows: number, head = 80, each = 24): number {
  return Math.round((head + rows * each) * scaleOfPage());
}
