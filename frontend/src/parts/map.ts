/** Countries in equal areas (Šavrič, Patterson and Jenny 2018), matched by numeric ISO code. */

import { geoEqualEarth } from "d3-geo";
import type { EChartsOption } from "echarts";
import { feature } from "topojson-client";
import { names, numeric, points, topology } from "virtual:world";
import { number, quantity } from "../format";
import type { Context } from "../page";
import type { Colours } from "../theme";
import type { Study } from "../types";
import { figure, type Figure, type FigureSpec, type Hit } from "./chart";
import { core, scaleOfPage } from "./echarts";

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

/** Whether the study's countries are on the map; an invented world is not. */
export function hasMap(study: Study): boolean {
  return !study.synthetic && study.countries.some((one) => numeric[one.code] !== undefined);
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
    const code = numeric[one.code];
    return code === undefined ? [] : [[code, one] as const];
  }));
  const codeOf = (hit: Hit | null) => byNumeric.get(hit?.name ?? "")?.code ?? null;

  const words = (spec: MapSpec, id: string): string => {
    const known = byNumeric.get(id);
    const name = known ? ctx.say(known.name) : ctx.say(names[id] ?? id.replace(/^-/, ""));
    const value = known && spec.values.get(known.code);
    return typeof value === "number" ? `${name}\n${quantity(value, spec.unit, ctx.lang)}` : `${name}\n${ctx.t("chart.nodata")}`;
  };

  const option = (spec: MapSpec) => (colours: Colours): EChartsOption => {
    const item = (id: string, code: string) => ({
      name: id,
      value: spec.values.get(code) ?? Number.NaN,
      ...(spec.marked?.includes(code) ? { itemStyle: { borderColor: colours.ink, borderWidth: 2 } } : {}),
    });
    const scale = scaleOf(spec, colours);
    const ends = [scale.min, scale.max].map((value) => number(value, spec.unit, ctx.lang));
    const drawn = new Set(points.map((one) => one.id));
    const area = [...byNumeric].filter(([id]) => !drawn.has(id)).map(([id, one]) => item(id, one.code));
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
        ...scale,
        orient: "horizontal",
        left: 0,
        bottom: 0,
        itemWidth: 12 * scaleOfPage(),
        itemHeight: 150 * scaleOfPage(),
        calculable: false,
        dimension: 0,
        seriesIndex: 0,
        text: [...ends].reverse(),
      },
      geo: {
        map: "world",
        roam: false,
        left: 0,
        right: 0,
        top: 0,
        bottom: 30 * scaleOfPage(),
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
        { type: "scatter", coordinateSystem: "geo", symbolSize: 9 * scaleOfPage(), data: dots, itemStyle: { borderColor: colours.ground, borderWidth: 1 } },
      ],
    };
  };

  const whole = (spec: MapSpec): FigureSpec => {
    const { onPick, onPoint, values: _values, unit: _unit, marked: _marked, scale: _scale, range: _range, ...rest } = spec;
    return {
      ...rest,
      note: [spec.note, `${ctx.t("map.legend")} ${ctx.t("map.borders")} ${ctx.t("map.points")}`].filter(Boolean).join(" · "),
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
