/** Two measures of every country, year by year. */

import type { EChartsOption } from "echarts";
import { address } from "../../api";
import { h } from "../../dom";
import { number, quantity } from "../../format";
import type { Context } from "../../page";
import { plot, valueAxis } from "../../parts/axes";
import type { FigureSpec, Hit } from "../../parts/chart";
import { scaleOfPage } from "../../parts/echarts";
import { notice } from "../../parts/notice";
import { select, type Option } from "../../parts/select";
import type { Say } from "../../text/measure";
import type { About, MeasureAnswer, MeasureInfo } from "../../types";
import { panelOf, type Panel } from "./data";
import { figureOf, type Drawn } from "./drawn";
import { countryName, groupingOf, labelName, short, wholeName } from "./names";
import { baseQuery, defaults, LABELS, measurePath, variants, type Options, type Question, type Scope } from "./question";
import type { Shown } from "./views";

/** Part of an axis that a name takes. */
const BESIDE = 0.15;

export interface Second {
  readonly info: MeasureInfo;
  readonly options: Options;
  readonly only: string;
  readonly group: string;
}

/** `name;by=manufacturing;grouping=services`: a measure with options in one text. */
export function written(one: Second): string {
  const options = Object.entries(one.options).map(([name, value]) => `${name}=${value}`);
  return [one.info.name, ...options, one.only && `only=${one.only}`, one.group && `group=${one.group}`].filter(Boolean).join(";");
}

export function secondOf(ctx: Context, text: string): Second | null {
  const [name, ...parts] = text.split(";");
  const info = ctx.study.measures.find((one) => one.name === name);
  if (info === undefined) return null;
  const pairs: Record<string, string> = Object.fromEntries(parts.map((part) => part.split(/=(.*)/s).slice(0, 2)));
  const { only = "", group = "", ...options } = pairs;
  return { info, options: { ...defaults(info), ...options }, only, group };
}

/** Other measures of the same industries, or of a whole sector. */
export function secondOptions(ctx: Context, t: Say, question: Question): { option: Option; second: Second }[] {
  const by = question.options["by"];
  const fits = (other: string | undefined) => other === undefined || other === by || other === "manufacturing" || other === "economy";
  const held = ctx.study.measures.flatMap((info) =>
    variants(info)
      .filter((one) => fits(one.options["by"]))
      .flatMap((one) => {
        const groups = groupingOf(ctx, one.options["grouping"])?.groups ?? [];
        const each = groups.length > 1 ? groups.map((group) => group.code) : [""];
        return each.map((group) => ({ info, options: one.options, only: one.only, group }));
      }),
  );
  const now = ctx.study.live.tables
    ? ctx.study.measures
        .filter((info) => !held.some((one) => one.info === info) && info.options.some((one) => one.name === "by"))
        .map((info) => ({ info, options: { ...defaults(info), by: by ?? "manufacturing" }, only: "", group: "" }))
    : [];
  const row = (second: Second, group: string) => ({ second, option: { value: written(second), words: wordsOf(ctx, t, second), group } });
  return [...held.map((one) => row(one, t("held"))), ...now.map((one) => row(one, t("now")))];
}

/** The title with the options that are not the usual ones. */
export function wordsOf(ctx: Context, t: Say, { info, options, group }: Second): string {
  const usual = defaults(info);
  const said = Object.entries(options).flatMap(([name, value]) => {
    const option = info.options.find((one) => one.name === name);
    if (name === "by" || (usual[name] === value && name !== "grouping")) return [];
    if (name === "grouping") {
      const grouping = groupingOf(ctx, value);
      const one = grouping?.groups.find((code) => code.code === group);
      return [short(ctx.say(one?.title ?? grouping?.title ?? value), 40)];
    }
    return [`${ctx.say(option?.title)}: ${ctx.say(option?.titles?.[value] ?? value)}`];
  });
  const by = options["by"];
  if (by !== undefined) said.push(wholeName(t)[by] ?? ctx.say(groupingOf(ctx, by)?.title ?? by));
  return said.length > 0 ? `${ctx.say(info.title)} (${said.join(", ")})` : ctx.say(info.title);
}

export function scatter(shown: Shown, other: Panel, otherAbout: About, words: { first: string; second: string }): FigureSpec {
  const { ctx, t, panel, slice, about } = shown;
  const both = (code: string, year: number) => {
    const [y, x] = [panel.value(code, year), other.value(code, year)];
    return x === null || y === null ? null : ([x, y] as const);
  };
  const points = panel.countries.flatMap((code) => {
    const at = both(code, slice.year);
    return at === null ? [] : [{ code, at }];
  });
  const path = panel.years.flatMap((year) => {
    const at = both(slice.country, year);
    return at === null ? [] : [{ year, at }];
  });
  const extent = (of: Panel) => {
    const all = panel.years.flatMap((year) => of.column(year).map((one) => one.value));
    return all.length === 0 ? {} : { min: Math.min(...all), max: Math.max(...all) };
  };
  const axis = (one: About, of: Panel, name: string) => {
    const { min, max } = extent(of);
    if (min === undefined || max === undefined || min === max) return valueAxis(ctx, one.unit, { name });
    const step = 10 ** Math.floor(Math.log10(max - min)) / 2;
    const low = min >= 0 && min < max / 2 ? 0 : Math.floor(min / step) * step;
    return { ...valueAxis(ctx, one.unit, { name }), min: low, max: Math.ceil(max / step) * step };
  };
  const named = points.filter(({ code }) => code === slice.country || slice.others.includes(code));
  const size = (at: 0 | 1) => Math.max(...points.map((one) => Math.abs(one.at[at]))) || 1;
  /** Another name would begin right beside the point. */
  const crowded = (code: string, at: readonly [number, number]) =>
    named.some((one) => one.code !== code && one.at[0] > at[0] && one.at[0] - at[0] < BESIDE * size(0) && Math.abs(one.at[1] - at[1]) < BESIDE * 0.4 * size(1));
  const pointWords = (code: string, at: readonly [number, number]) =>
    `${countryName(ctx, code)}\n${words.first}: ${quantity(at[1], about.unit, ctx.lang)}\n${words.second}: ${quantity(at[0], otherAbout.unit, ctx.lang)}`;
  return {
    title: t("scatter", { year: slice.year }),
    note: t("scatter.note", { first: words.first, second: words.second, country: countryName(ctx, slice.country) }),
    name: `${about.measure}-${otherAbout.measure}-${slice.year}`,
    about: [about, otherAbout],
    subject: `${words.first} · ${words.second} · ${slice.year}`,
    data: address(shown.path, { ...shown.query, year: slice.year }),
    height: "high",
    table: {
      caption: `${words.first} · ${words.second} · ${slice.year}`,
      columns: [
        { key: "country", title: t("country") },
        { key: "first", title: words.first, unit: about.unit },
        { key: "second", title: words.second, unit: otherAbout.unit },
      ],
      rows: points.map(({ code, at }) => ({ country: countryName(ctx, code), code, first: at[1], second: at[0] })),
      marked: (row) => row["code"] === slice.country,
    },
    option: (colours): EChartsOption => ({
      grid: plot({ top: 40, right: 28 }),
      tooltip: {
        trigger: "item",
        formatter: (hit: unknown) => {
          const one = hit as Hit;
          const found = one.seriesIndex === 1 ? points[one.dataIndex] : undefined;
          return found ? pointWords(found.code, found.at) : "";
        },
      },
      xAxis: { ...axis(otherAbout, other, short(words.second, 60)), nameLocation: "middle", nameGap: 26 * scaleOfPage() },
      yAxis: { ...axis(about, panel, short(words.first, 60)), nameTextStyle: { align: "left" } },
      series: [
        { type: "line", silent: true, showSymbol: false, data: path.map((one) => [...one.at]), lineStyle: { color: colours.marked, width: 1.5, opacity: 0.6 } },
        {
          type: "scatter",
          symbolSize: 9 * scaleOfPage(),
          labelLayout: { hideOverlap: true },
          data: points.map(({ code, at }) => {
            const [first, chosen] = [code === slice.country, slice.others.includes(code)];
            return {
              name: code,
              value: [...at],
              symbolSize: (first ? 15 : 9) * scaleOfPage(),
              itemStyle: { color: first ? colours.marked : chosen ? colours.goods : colours.line, borderColor: colours.muted, borderWidth: first ? 0 : 0.5 },
              label: { show: first || chosen, position: crowded(code, at) ? ("left" as const) : ("right" as const), color: colours.ink, formatter: countryName(ctx, code) },
            };
          }),
        },
      ],
    }),
    onPick: (hit) => {
      const found = points[hit.dataIndex];
      if (found) shown.pick({ country: found.code, year: slice.year });
    },
    onPoint: (hit) => {
      const found = hit === null ? undefined : points[hit.dataIndex];
      shown.point(found ? { label: `${countryName(ctx, found.code)} · ${slice.year}`, value: `${number(found.at[1], about.unit, ctx.lang)} / ${number(found.at[0], otherAbout.unit, ctx.lang)}` } : null);
    },
  };
}

/** The scatter with the choice of the second measure. */
export function scatterPart(drawn: Drawn): HTMLElement {
  const { ctx, t } = drawn;
  const place = h("div");
  const { question } = drawn;
  const offered = secondOptions(ctx, t, question);
  const own = written({ info: question.info, options: question.options, only: question.only, group: "" });
  const kin = offered.filter((one) => one.second.info !== question.info && one.option.group === t("held"));
  const usual = kin.find((one) => one.second.options["by"] === question.options["by"] && one.second.group === "") ?? kin[0] ?? offered.find((one) => one.option.value !== own) ?? offered[0];
  const second = secondOf(ctx, ctx.state.get("second")) ?? usual?.second;
  if (second === undefined) return notice("info", ctx.t("chart.nothing"));
  const value = written(second);
  const options = offered.map((one) => one.option);
  const control = select({
    label: t("scatter.second"),
    options: options.some((one) => one.value === value) ? options : [{ value, words: wordsOf(ctx, t, second) }, ...options],
    value,
    onChange: (next) => ctx.state.patch({ second: next }),
  });
  control.element.classList.add("broad");
  const path = measurePath(second);
  const base = baseQuery({ options: second.options, only: second.only, source: question.source, table: "" });
  void ctx.load<Scope & MeasureAnswer>(
    place,
    path,
    { ...base, bare: true },
    (found) => {
      const wanted = { ...drawn.shown().slice.labels, ...(second.group ? { group: second.group } : {}) };
      const labels = Object.fromEntries(
        LABELS.flatMap((name) => {
          const known = found.labels[name];
          if (known === undefined) return [];
          const label = known.find((one) => one === wanted[name]) ?? known[0];
          return label === undefined ? [] : [[name, label]];
        }),
      );
      void ctx.load<MeasureAnswer>(
        place,
        path,
        { ...base, ...labels },
        (answer) => {
          const other = panelOf(answer);
          const words = {
            first: drawn.shown().title,
            second: [wordsOf(ctx, t, second), labels["industry"] !== undefined && (found.labels.industry?.length ?? 0) > 1 ? labelName(ctx, { ...question, info: second.info, options: second.options }, "industry", String(labels["industry"])) : ""].filter(Boolean).join(" · "),
          };
          return figureOf(drawn, (shown) => scatter(shown, other, answer.about, words));
        },
        drawn.signal,
      );
    },
    drawn.signal,
  );
  return h("div", { class: "stack" }, h("div", { class: "controls" }, control.element), place);
}
