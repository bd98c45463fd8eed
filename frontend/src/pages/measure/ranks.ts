/** Does the ranking survive another definition? Ranks of countries under each. */

import type { EChartsOption } from "echarts";
import { address, type Query } from "../../api";
import { h, type Child } from "../../dom";
import { quantity } from "../../format";
import { numeric, rowsOf } from "../../frames";
import type { Context } from "../../page";
import { plot } from "../../parts/axes";
import { figure, type Figure, type FigureSpec, type Hit } from "../../parts/chart";
import { scaleOfPage } from "../../parts/echarts";
import { table } from "../../parts/table";
import type { Frame } from "../../types";
import { gapsOf } from "./data";
import type { Spread } from "./definitions";
import { spreadPath, spreadQuery, type Drawn } from "./drawn";
import { countryName, groupingOf } from "./names";
import type { Question } from "./question";
import { subjectOf, type Shown } from "./views";

interface Ranked extends Spread {
  readonly undefined: Frame | null;
}

/** A country under one definition; without a number it has no rank. */
interface Rank {
  readonly country: string;
  readonly definition: string;
  readonly value: number | null;
  readonly rank: number | null;
  readonly of: number;
}

interface Line {
  readonly country: string;
  readonly ranks: ReadonlyMap<string, Rank>;
  /** Ranks there are, the best first. */
  readonly known: readonly number[];
}

const TOP = 10;
const ROW = 24;

export function definitionName(ctx: Pick<Context, "study" | "say">, name: string): string {
  return ctx.say(groupingOf(ctx, name)?.title ?? name).replace(/^(Producer services|생산자서비스): /, "");
}

function ranksOf(spread: Ranked): Rank[] {
  if (spread.columns === undefined) return [];
  return rowsOf({ columns: spread.columns, rows: spread.rows ?? 0 }).map((row) => ({
    country: String(row["country"]),
    definition: String(row["definition"]),
    value: numeric(row["value"]),
    rank: numeric(row["rank"]),
    of: numeric(row["ranked"]) ?? 0,
  }));
}

function middle(sorted: readonly number[]): number {
  const half = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(half)] ?? 0) + (sorted[Math.ceil(half)] ?? 0)) / 2;
}

/** Countries that have a rank, by their median rank. */
function linesOf(ranks: readonly Rank[]): Line[] {
  const countries = [...new Set(ranks.map((one) => one.country))];
  const lines = countries.map((country) => {
    const own = ranks.filter((one) => one.country === country);
    const known = own.flatMap((one) => one.rank ?? []).sort((a, b) => a - b);
    return { country, ranks: new Map(own.map((one) => [one.definition, one])), known };
  });
  return lines.filter((one) => one.known.length > 0).sort((a, b) => middle(a.known) - middle(b.known));
}

function span(known: readonly number[]): string {
  return [...new Set([known[0], known.at(-1)])].join("–");
}

/** From which rank to which the chosen country goes, and where it has none. */
function inWords(shown: Shown, line: Line | undefined, names: readonly string[]): string {
  const { ctx, t, slice } = shown;
  const country = countryName(ctx, slice.country);
  const own = [...(line?.ranks.values() ?? [])].filter((one) => one.rank !== null).sort((a, b) => (a.rank ?? 0) - (b.rank ?? 0));
  const none = names.filter((name) => !own.some((one) => one.definition === name)).map((name) => definitionName(ctx, name));
  const [first, last] = [own[0], own.at(-1)];
  const rank = (one: Rank) => t("rank", { rank: one.rank ?? 0, count: one.of });
  const under = (one: Rank) => definitionName(ctx, one.definition);
  const words = { year: slice.year, country, count: own.length };
  return [
    first !== undefined && last !== undefined && own.length > 1 && first.rank !== last.rank && t("ranks.words", { ...words, best: rank(first), first: under(first), worst: rank(last), last: under(last) }),
    first !== undefined && last !== undefined && first.rank === last.rank && t(own.length > 1 ? "ranks.same" : "ranks.one", { ...words, rank: rank(first), name: under(first) }),
    none.length > 0 && t("ranks.none", { country, names: none.join(", ") }),
  ]
    .filter(Boolean)
    .join(" ");
}

function ownTable(shown: Shown, line: Line | undefined, names: readonly string[], current: string, choose: (grouping: string) => void): HTMLElement {
  const { ctx, t, slice, about } = shown;
  return table(ctx, {
    caption: t("ranks.own", { country: countryName(ctx, slice.country), year: slice.year }),
    columns: [
      { key: "name", title: t("definition") },
      { key: "rank", title: t("rank.word"), unit: "count" },
      { key: "of", title: t("ranks.of"), unit: "count" },
      { key: "value", title: String(slice.year), unit: about.unit, show: (value) => (value === null ? ctx.t("table.undefined") : quantity(value, about.unit, ctx.lang)) },
    ],
    rows: names.map((code) => {
      const own = line?.ranks.get(code);
      return { code, name: definitionName(ctx, code), rank: own?.rank ?? null, of: own?.of ?? null, value: own?.value ?? null };
    }),
    sort: { key: "rank", down: false },
    marked: (row) => row["code"] === current,
    onPick: (row) => choose(String(row["code"])),
  });
}

interface Dot {
  readonly line: Line;
  readonly rank: number;
  readonly names: readonly string[];
}

/** Equal ranks of a country are one dot. */
function dotsOf(line: Line): Dot[] {
  return [...new Set(line.known)].map((rank) => ({ line, rank, names: [...line.ranks.values()].filter((one) => one.rank === rank).map((one) => one.definition) }));
}

function ranksFigure(shown: Shown, spread: Ranked, query: Query, current: string, pick: (country: string, definition: string) => void): FigureSpec {
  const { ctx, t, slice, about } = shown;
  const ranks = ranksOf(spread);
  const names = [...new Set(ranks.map((one) => one.definition))];
  const lines = linesOf(ranks);
  const seen = [slice.country, ...slice.others];
  const drawn = lines.filter((one, at) => at < TOP || seen.includes(one.country));
  const dots = drawn.flatMap(dotsOf);
  const most = Math.max(...ranks.map((one) => one.of), 1);
  const title = t("ranks", { year: slice.year });
  const at = (hit: Hit | null) => (hit === null || hit.seriesIndex !== drawn.length ? undefined : dots[hit.dataIndex]);
  const said = ({ line, names: under }: Dot) =>
    under.map((name) => {
      const one = line.ranks.get(name);
      return `${definitionName(ctx, name)}: ${t("rank", { rank: one?.rank ?? 0, count: one?.of ?? 0 })} (${quantity(one?.value, about.unit, ctx.lang)})`;
    });
  return {
    title,
    note: [t("ranks.note", { count: names.length }), names.includes(current) && t("ranks.filled", { name: definitionName(ctx, current) }), drawn.length < lines.length && t("ranks.drawn", { top: TOP, all: lines.length })].filter(Boolean).join(" · "),
    name: `${about.measure}-ranks-${slice.year}`,
    about: spread.about ?? about,
    subject: subjectOf(shown, slice.year),
    data: address(`spread/${about.measure}`, query),
    pixels: (60 + drawn.length * ROW) * scaleOfPage(),
    table: {
      caption: title,
      columns: [
        { key: "country", title: t("country") },
        { key: "best", title: t("ranks.best"), unit: "count" },
        { key: "worst", title: t("ranks.worst"), unit: "count" },
        ...names.map((name) => ({ key: name, title: definitionName(ctx, name), unit: "count", onPick: (row: Readonly<Record<string, unknown>>) => pick(String(row["code"]), name) })),
      ],
      rows: lines.map((one) => ({ country: countryName(ctx, one.country), code: one.country, best: one.known[0] ?? null, worst: one.known.at(-1) ?? null, ...Object.fromEntries(names.map((name) => [name, one.ranks.get(name)?.rank ?? null])) })),
      marked: (row) => row["code"] === slice.country,
    },
    option: (colours): EChartsOption => ({
      grid: { ...plot({ top: 8, right: 56 }), outerBoundsContain: "all" },
      tooltip: {
        trigger: "item",
        formatter: (hit: unknown) => {
          const dot = at(hit as Hit);
          return dot ? [countryName(ctx, dot.line.country), ...said(dot)].join("\n") : "";
        },
      },
      xAxis: { type: "value", min: 0, max: most, minInterval: 1, name: t("rank.word"), nameLocation: "middle", nameGap: 22 * scaleOfPage(), axisLabel: { hideOverlap: true, formatter: (rank: number) => (rank < 1 ? "" : String(rank)) } },
      yAxis: {
        type: "category",
        inverse: true,
        data: drawn.map((one) => countryName(ctx, one.country)),
        axisTick: { show: false },
        axisLabel: { interval: 0, width: 120 * scaleOfPage(), overflow: "truncate", color: ((_name?: string, index?: number) => (drawn[index ?? -1]?.country === slice.country ? colours.marked : colours.muted)) as never },
      },
      series: [
        ...drawn.map((one) => ({
          type: "line" as const,
          silent: true,
          showSymbol: false,
          data: [one.known[0] ?? 0, one.known.at(-1) ?? 0].map((rank) => [rank, countryName(ctx, one.country)]),
          lineStyle: { width: 3 * scaleOfPage(), color: one.country === slice.country ? colours.marked : colours.line },
          z: 1,
        })),
        {
          type: "scatter" as const,
          symbolSize: 11 * scaleOfPage(),
          data: dots.map((dot) => {
            const colour = dot.line.country === slice.country ? colours.marked : colours.goods;
            return {
              value: [dot.rank, countryName(ctx, dot.line.country)],
              itemStyle: { color: dot.names.includes(current) ? colour : colours.panel, borderColor: colour, borderWidth: 1.5 * scaleOfPage() },
              label: { show: dot.rank === dot.line.known.at(-1), position: "right" as const, color: colours.ink, fontSize: 11 * scaleOfPage(), formatter: span(dot.line.known) },
            };
          }) as never,
          z: 3,
        },
      ],
    }),
    onPick: (hit) => {
      const dot = at(hit);
      const name = dot?.names.find((one) => one === current) ?? dot?.names[0];
      if (dot !== undefined && name !== undefined) pick(dot.line.country, name);
    },
    onPoint: (hit) => {
      const dot = at(hit);
      shown.point(dot ? { label: `${countryName(ctx, dot.line.country)} · ${slice.year}`, value: said(dot).join("; ") } : null, spread.abouts[dot?.names[0] ?? ""]);
    },
  };
}

/** Countries without a number under a definition, and why. */
function gapsList(shown: Shown, spread: Ranked): Child {
  const { ctx, t } = shown;
  const ranks = ranksOf(spread);
  const countries = [...new Set(ranks.map((one) => one.country))];
  const names = [...new Set(ranks.map((one) => one.definition))];
  const value = new Map(ranks.map((one) => [`${one.definition} ${one.country}`, one.value]));
  const frame = spread.undefined ?? undefined;
  const reasons = new Map(rowsOf(frame ?? { columns: {}, rows: 0 }).map((row, at) => [`${String(row["definition"])} ${String(row["country"])}`, gapsOf(frame, ctx.lang)[at]?.reason]));
  const missing = names.flatMap((name) => {
    const own = countries.filter((code) => (value.get(`${name} ${code}`) ?? null) === null);
    return own.length === 0 ? [] : [{ name, own: own.map((code) => [countryName(ctx, code), reasons.get(`${name} ${code}`) || t("undefined.absent")].join(": ")) }];
  });
  if (missing.length === 0) return null;
  return h("details", { class: "card" }, h("summary", {}, t("ranks.gaps", { count: missing.length })), h("ul", {}, missing.map(({ name, own }) => h("li", {}, `${definitionName(ctx, name)} – ${own.join("; ")}`))));
}

/** Ranks of the countries under each definition; follows the year. */
export function ranksPart(drawn: Drawn, all: boolean, choose: (grouping: string) => void): HTMLElement | null {
  const { ctx, t, question } = drawn;
  if (drawn.scope.countries.length < 2) return null;
  const place = h("div", { class: "stack" });
  const [words, own, gaps] = [h("p", { class: "lead" }), h("div", { class: "card" }), h("div")];
  const current = question.options["grouping"] ?? "";
  const pick = (country: string, definition: string) => {
    const other: Question = { ...question, options: { ...question.options, grouping: definition } };
    drawn.pick({ country, year: drawn.shown().slice.year }, other);
  };
  let made: Figure | null = null;
  const load = () => {
    const { country: _country, ...rest } = spreadQuery(drawn, all);
    const query = { ...rest, year: drawn.shown().slice.year };
    void ctx.load<Ranked>(
      place,
      spreadPath(drawn),
      query,
      (spread) => {
        const shown = drawn.shown();
        const ranks = ranksOf(spread);
        if (ranks.length === 0) return [];
        const names = [...new Set(ranks.map((one) => one.definition))];
        const line = linesOf(ranks).find((one) => one.country === shown.slice.country);
        words.textContent = inWords(shown, line, names);
        own.replaceChildren(ownTable(shown, line, names, current, choose));
        gaps.replaceChildren(...[gapsList(shown, spread)].filter((one) => one instanceof Node));
        const spec = ranksFigure(shown, spread, query, current, pick);
        if (made !== null && place.contains(made.element)) made.set(spec);
        else {
          made = figure(ctx, spec);
          return [h("h2", {}, t("ranks.title")), words, own, made.element, gaps];
        }
        return;
      },
      drawn.signal,
    );
  };
  load();
  drawn.refresh.add(load);
  return place;
}
