/** Countries in equal areas (Šavrič, Patterson and Jenny 2018), matched by numeric ISO code. */

import { geoEqualEarth } from "d3-geo";
import type { EChartsOption } from "echarts";
import { feature } from "topojson-client";
import { names, points, topology } from "virtual:world";
import { number, quantity } from "../format";
import type { Context } from "../page";
import type { Colours } from "../theme";
import type { Study } from "../types";
import { figure, type Figure, type FigureSpec, type Hit } from "./chart";
import { core } from "./echarts";

export interface MapSpec extends Omit<FigureSpec, "option" | "onPick" | "onPoint"> {
  /** Values by the study's country codes; null: none. */
  readonly values: ReadonlyMap<string, number | null>;
  readonly unit: string;
  readonly marked?: readonly string[];
  /** Diverging scales are symmetric about zero. */
  readonly scale?: "sequential" | "diverging";
  /** Ends of the scale; kept over years so that colours mean the same. */
  readonly range?: readonly [number, number];
  readonly onPick?: (country: string) => void;
  readonly onPoint?: (country: string | null) => void;
}

const ANTARCTICA = "010";
const projection = geoEqualEarth();
let registered = false;

function register(): void {
  if (registered) return;
  const shapes = feature(topology, topology.objects.countries);
  const features = shapes.features
    .filter((one) => one.id !== ANTARCTICA)
    .map((one) => ({ ...one, properties: { name: one.id === undefined ? `-${one.properties.name}` : String(one.id) } }));
  core.registerMap("world", { geoJSON: { type: "FeatureCollection", features } as never, specialAreas: {} });
  registered = true;
}

function numericCode(value: string | number | null | undefined): string | null {
  return value === null || value === undefined || value === "" ? null : String(value).padStart(3, "0");
}

/** Whether a country of the study is on the map; an invented world is not. */
export function hasMap(study: Study): boolean {
  return study.countries.some((one) => numericCode(one.numeric) !== null);
}

function scaleOf(spec: MapSpec, colours: Colours): { min: number; max: number; inRange: { color: string[] } } {
  const known = [...spec.values.values()].filter((value): value is number => value !== null);
  let [min, max] = spec.range ?? [Math.min(...known), Math.max(...known)];
  if (spec.scale === "diverging") {
    max = Math.max(Math.abs(min), Math.abs(max));
    min = -max;
  }
  if (min === max) [min, max] = [min - 0.5, max + 0.5];
  return { min, max, inRange: { color: [...(spec.scale === "diverging" ? colours.diverging : colours.sequential)] } };
}

export function worldMap(ctx: Context, first: MapSpec): { element: HTMLElement; set: (spec: MapSpec) => void } {
  register();
  const byNumeric = new Map(ctx.study.countries.flatMap((one) => {
    const code = numericCode(one.numeric);
    return code === null ? [] : [[code, one] as const];
  }));
  const codeOf = (hit: Hit | null) => byNumeric.get(hit?.name ?? "")?.code ?? null;

  const words = (spec: MapSpec, numeric: string): string => {
    const known = byNumeric.get(numeric);
    const name = known ? ctx.say(known.name) : ctx.say(names[numeric] ?? numeric.replace(/^-/, ""));
    const value = known && spec.values.get(known.code);
    return typeof value === "number" ? `${name}\n${quantity(value, spec.unit, ctx.lang)}` : `${name}\n${ctx.t("chart.nodata")}`;
  };

  const option = (spec: MapSpec) => (colours: Colours): EChartsOption => {
    const item = (numeric: string, code: string) => ({
      name: numeric,
      value: spec.values.get(code) ?? Number.NaN,
      ...(spec.marked?.includes(code) ? { itemStyle: { borderColor: colours.ink, borderWidth: 2 } } : {}),
    });
    const drawn = new Set(points.map((one) => one.id));
    const area = [...byNumeric].filter(([numeric]) => !drawn.has(numeric)).map(([numeric, one]) => item(numeric, one.code));
    const dots = points.flatMap((one) => {
      const known = byNumeric.get(one.id);
      const value = known && spec.values.get(known.code);
      return known && typeof value === "number"
        ? [{ name: one.id, value: [...one.at, value], ...(spec.marked?.includes(known.code) ? { itemStyle: { borderColor: colours.ink, borderWidth: 2 } } : {}) }]
        : [];
    });
    return {
      tooltip: { trigger: "item", formatter: (hit: unknown) => words(spec, (hit as Hit).name) },
      visualMap: {
        type: "continuous",
        ...scaleOf(spec, colours),
        orient: "horizontal",
        left: 0,
        bottom: 0,
        itemWidth: 12,
        itemHeight: 150,
        calculable: false,
        dimension: 0,
        seriesIndex: 0,
        text: [],
        formatter: (value: unknown) => number(value, spec.unit, ctx.lang, "short"),
      },
      geo: {
        map: "world",
        roam: false,
        left: 0,
        right: 0,
        top: 0,
        bottom: 28,
        projection: {
          project: (at: number[]) => projection(at as [number, number]) as [number, number],
          unproject: (at: number[]) => projection.invert?.(at as [number, number]) as [number, number],
          stream: projection.stream,
        } as never,
        itemStyle: { areaColor: colours.missing, borderColor: colours.ground, borderWidth: 0.5 },
        emphasis: { label: { show: false }, itemStyle: { areaColor: colours.line } },
        select: { disabled: true },
      },
      series: [
        { type: "map", map: "world", geoIndex: 0, data: area },
        { type: "scatter", coordinateSystem: "geo", symbolSize: 9, data: dots, itemStyle: { borderColor: colours.ground, borderWidth: 1 } },
      ],
    };
  };

  const whole = (spec: MapSpec): FigureSpec => {
    const { onPick, onPoint, values: _values, unit: _unit, marked: _marked, scale: _scale, range: _range, ...rest } = spec;
    return {
      ...rest,
      note: [spec.note, ctx.t("map.legend"), ctx.t("map.borders"), ctx.t("map.points")].filter(Boolean).join(" "),
      option: option(spec),
      ...(onPick && {
        onPick: (hit: Hit) => {
          const code = codeOf(hit);
          if (code !== null) onPick(code);
        },
      }),
      ...(onPoint && { onPoint: (hit: Hit | null) => onPoint(codeOf(hit)) }),
    };
  };
  const drawn: Figure = figure(ctx, whole(first));
  return { element: drawn.element, set: (spec) => drawn.set(whole(spec)) };
}
