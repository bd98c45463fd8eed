/** The same number under every definition of producer services. */

import type { EChartsOption } from "echarts";
import { address, type Query } from "../../api";
import { h } from "../../dom";
import { number, quantity } from "../../format";
import { groupBy, numeric, rowsOf, type Row } from "../../frames";
import { plot, valueAxis, yearAxis } from "../../parts/axes";
import type { FigureSpec, Hit } from "../../parts/chart";
import { notice } from "../../parts/notice";
import type { Column } from "../../parts/table";
import type { About, Frame } from "../../types";
import { figureOf, spreadPath, spreadQuery, type Drawn } from "./drawn";
import { countryName, short } from "./names";
import { heldDefinitions, optionChanges } from "./question";
import { definitionName, ranksPart } from "./ranks";
import { subjectOf, type Band, type Shown } from "./views";

export interface Spread extends Partial<Frame> {
  readonly about: About | null;
  /** Of each definition. */
  readonly abouts: Readonly<Record<string, About>>;
  readonly definitions: readonly string[];
  readonly unanswered: Readonly<Record<string, string>>;
  readonly band: { readonly year: number[]; readonly low: (number | null)[]; readonly high: (number | null)[]; readonly median: (number | null)[] } | null;
  /** Definitions that have not been asked for. */
  readonly more: number;
}

export function bandOf(spread: Spread): Band | null {
  return spread.band === null || spread.definitions.length < 2 ? null : { ...spread.band, count: spread.definitions.length };
}

export function definitionsView(shown: Shown, spread: Spread, current: string, query: Query, choose: (grouping: string) => void, open: (grouping: string, year: number) => void): FigureSpec {
  const { ctx, t, slice, about } = shown;
  const rows = spread.columns === undefined ? [] : rowsOf({ columns: spread.columns, rows: spread.rows ?? 0 });
  const groups = groupBy(rows, "definition");
  const names = [...groups.keys()];
  const title = (name: string) => definitionName(ctx, name);
  const years = [...new Set(rows.map((row) => Number(row["year"])))].sort((a, b) => a - b);
  const value = (name: string, year: number) => numeric(groups.get(name)?.find((row) => row["year"] === year)?.["value"]);
  const country = countryName(ctx, slice.country);
  const point = (row: Row, year: number) => shown.point({ label: `${country} · ${String(row["name"])} · ${year}`, value: quantity(row[String(year)], about.unit, ctx.lang) }, spread.abouts[String(row["code"])]);
  return {
    title: t("definitions", { country }),
    hint: t("definitions.note"),
    note: [spread.more > 0 ? t("definitions.more", { count: spread.more }) : "", ...Object.entries(spread.unanswered).map(([name, why]) => `${title(name)}: ${why}`)].filter(Boolean).join(" · "),
    name: `${about.measure}-definitions-${slice.country}`,
    about: spread.about ?? about,
    subject: subjectOf(shown, years, [slice.country]),
    data: address(`spread/${about.measure}`, query),
    height: names.length > 6 ? "high" : "middle",
    table: {
      caption: t("definitions", { country }),
      columns: [{ key: "name", title: t("definition") }, ...years.map((year): Column => ({ key: String(year), title: String(year), unit: about.unit, onPick: (row) => open(String(row["code"]), year), onPoint: (row) => point(row, year) }))],
      rows: !rows.some((row) => numeric(row["value"]) !== null) ? [] : names.map((name) => ({ name: title(name), code: name, ...Object.fromEntries(years.map((year) => [String(year), value(name, year)])) })),
      sort: { key: String(slice.year), down: true },
      marked: (row) => row["code"] === current,
      onPoint: (row) => point(row, slice.year),
      onPick: (row) => choose(String(row["code"])),
    },
    option: (colours): EChartsOption => ({
      grid: plot({ right: 150 }),
      tooltip: { trigger: "item", formatter: (hit: unknown) => `${(hit as Hit).seriesName}\n${String(((hit as Hit).value as unknown[])[0])}: ${quantity(((hit as Hit).value as unknown[])[1], about.unit, ctx.lang)}` },
      xAxis: yearAxis(years),
      yAxis: valueAxis(ctx, about.unit),
      series: names.map((name, at) => ({
        type: "line" as const,
        name: title(name),
        data: years.map((year) => [String(year), value(name, year)]),
        itemStyle: { color: name === current ? colours.marked : colours.series[1 + (at % (colours.series.length - 1))] ?? colours.ink },
        lineStyle: { width: name === current ? 3.5 : 1.5, type: at >= colours.series.length - 1 ? ("dashed" as const) : ("solid" as const) },
        endLabel: { show: true, formatter: short(title(name), 24), color: colours.ink, distance: 4 },
        labelLayout: { moveOverlap: "shiftY" as const },
        emphasis: { focus: "series" as const },
      })),
    }),
    onPick: (hit) => {
      const name = names[hit.seriesIndex];
      if (name !== undefined) choose(name);
    },
    onPoint: (hit) => {
      const at = hit?.value as unknown[] | undefined;
      shown.point(hit === null || at === undefined ? null : { label: `${country} · ${hit.seriesName} · ${String(at[0])}`, value: quantity(at[1], about.unit, ctx.lang) }, spread.abouts[names[hit?.seriesIndex ?? -1] ?? ""]);
    },
  };
}

export function bandWords(shown: Shown, band: Band): string {
  const at = band.year.indexOf(shown.slice.year);
  const [low, high] = [band.low[at] ?? null, band.high[at] ?? null];
  if (low === null || high === null) return "";
  return shown.t("band.words", { low: number(low, shown.about.unit, shown.ctx.lang), high: number(high, shown.about.unit, shown.ctx.lang), count: band.count, year: shown.slice.year });
}

/** Which of the lines the study holds, where some of them are computed now; null where none is, or of a table that is no study's. */
function origin({ ctx, t, question }: Drawn, spread: Spread): HTMLElement | null {
  const held = heldDefinitions(question);
  const named = (all: readonly string[]) => all.map((name) => definitionName(ctx, name)).join(", ");
  const shown = Object.keys(spread.abouts);
  const [kept, made] = [shown.filter((name) => held.has(name)), shown.filter((name) => !held.has(name))];
  if (question.table !== "" || made.length === 0) return null;
  const words = kept.length === 0 ? t("definitions.made") : t("definitions.kept", { kept: named(kept), made: named(made) });
  return h("p", { class: "hint origin" }, words);
}

/** The spread over definitions, asked for when it is looked at. */
export function definitionsPart(drawn: Drawn): HTMLElement {
  const { ctx, t } = drawn;
  const place = h("div", { class: "stack" });
  const all = ctx.state.get("all") === "true";
  const query = spreadQuery(drawn, all);
  void ctx.load<Spread>(
    place,
    spreadPath(drawn),
    query,
    (spread) => {
      if (all && (drawn.scope.labels.group?.length ?? 0) < 2 && drawn.band?.count !== spread.definitions.length) {
        drawn.band = bandOf(spread) ?? drawn.band;
        drawn.summary();
      }
      const choose = (grouping: string) => ctx.state.patch({ ...optionChanges(drawn.question, { grouping }), group: undefined });
      const open = (grouping: string, year: number) => {
        const { country } = drawn.shown().slice;
        drawn.pick({ country, year, group: "" }, { ...drawn.question, options: { ...drawn.question.options, grouping } });
      };
      const spec = (shown: Shown) => definitionsView(shown, spread, drawn.question.options["grouping"] ?? "", query, choose, open);
      const more = spread.more > 0 && (ctx.study.live.tables || drawn.question.table) && h("p", { class: "actions" }, h("button", { type: "button", onclick: () => ctx.state.patch({ all: "true" }) }, t("definitions.all")));
      const nodes: (HTMLElement | false | "" | null)[] = [more, origin(drawn, spread), spread.columns === undefined ? notice("info", t("definitions.few")) : figureOf(drawn, spec), ranksPart(drawn, all, choose) ?? false];
      return nodes.filter((node): node is HTMLElement => node instanceof HTMLElement);
    },
    drawn.signal,
  );
  return place;
}
