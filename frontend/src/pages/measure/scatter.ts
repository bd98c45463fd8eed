/** Two measures of every country, year by year. */

import type { EChartsOption } from "echarts";
import { address } from "../../api";
import { h } from "../../dom";
import { number, quantity } from "../../format";
import { about } from "../../parts/about";
import { plot, valueAxis } from "../../parts/axes";
import type { FigureSpec, Hit } from "../../parts/chart";
import { scaleOfPage } from "../../parts/echarts";
import { lines } from "../../parts/export";
import { notice } from "../../parts/notice";
import { select } from "../../parts/select";
import type { About, MeasureAnswer } from "../../types";
import { panelOf, type Panel } from "./data";
import { figureOf, type Drawn } from "./drawn";
import { countryName, labelName } from "./names";
import { ALL, baseQuery, measurePath, type Scope } from "./question";
import { labelsOf, secondOf, secondOptions, usualSecond, wordsOf, written, type Second } from "./second";
import type { Shown } from "./views";

/** Part of an axis that a name takes. */
const BESIDE = 0.15;
/** Pixels from one line of a title to the next. */
const LINE = 15;

/** Titles of axes are whole, in as many lines as they take. */
function inLines(text: string): string[] {
  return lines(text, 12 * scaleOfPage(), innerWidth < 700 ? innerWidth - 90 : innerWidth * 0.45);
}

export function scatter(shown: Shown, other: Panel, otherAbout: About, words: { first: string; second: string }, data: string): FigureSpec {
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
  /** Another name would begin right beside the point, and there is room on its other side. */
  const crowded = (code: string, at: readonly [number, number]) =>
    Math.abs(at[0]) > BESIDE * size(0) && named.some((one) => one.code !== code && one.at[0] > at[0] && one.at[0] - at[0] < BESIDE * size(0) && Math.abs(one.at[1] - at[1]) < BESIDE * 0.4 * size(1));
  const pointWords = (code: string, at: readonly [number, number]) =>
    `${countryName(ctx, code)}\n${words.first}: ${quantity(at[1], about.unit, ctx.lang)}\n${words.second}: ${quantity(at[0], otherAbout.unit, ctx.lang)}`;
  const [up, across] = [inLines(`↑ ${words.first}`), inLines(`→ ${words.second}`)];
  return {
    title: t("scatter", { year: slice.year }),
    ...(path.length > 1 ? { note: t("scatter.note", { country: countryName(ctx, slice.country) }) } : {}),
    name: `${about.measure}-${otherAbout.measure}-${slice.year}`,
    about: [about, otherAbout],
    subject: `${words.first} · ${words.second} · ${slice.year}`,
    data,
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
      onPick: (row) => shown.pick({ country: String(row["code"]), year: slice.year }),
    },
    option: (colours): EChartsOption => ({
      grid: { ...plot({ top: 26 + LINE * up.length, right: 28 }), outerBoundsContain: "all" },
      tooltip: {
        trigger: "item",
        formatter: (hit: unknown) => {
          const one = hit as Hit;
          const found = one.seriesIndex === 1 ? points[one.dataIndex] : undefined;
          return found ? pointWords(found.code, found.at) : "";
        },
      },
      xAxis: { ...axis(otherAbout, other, across.join("\n")), nameLocation: "middle", nameGap: 26 * scaleOfPage(), nameTextStyle: { lineHeight: LINE * scaleOfPage() } },
      yAxis: { ...axis(about, panel, up.join("\n")), nameTextStyle: { align: "left", lineHeight: LINE * scaleOfPage() } },
      series: [
        { type: "line", silent: true, showSymbol: false, data: path.map((one) => [...one.at]), lineStyle: { color: colours.marked, width: 1.5, opacity: 0.6 } },
        {
          type: "scatter",
          symbolSize: 9 * scaleOfPage(),
          labelLayout: { moveOverlap: "shiftY" },
          data: points.map(({ code, at }) => {
            const [first, chosen] = [code === slice.country, slice.others.includes(code)];
            return {
              name: code,
              value: [...at],
              symbolSize: (first ? 15 : 9) * scaleOfPage(),
              itemStyle: { color: first ? colours.marked : chosen ? colours.goods : colours.line, borderColor: colours.muted, borderWidth: first ? 0 : 0.5 },
              label: { show: first || chosen, position: crowded(code, at) ? ("left" as const) : ("right" as const), color: colours.ink, textBorderColor: colours.panel, textBorderWidth: 2, formatter: countryName(ctx, code) },
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

/** The scatter with the choice of the second measure, and how that one is made. */
export function scatterPart(drawn: Drawn): HTMLElement {
  const { ctx, t, question } = drawn;
  const place = h("div", { class: "stack" });
  const offered = secondOptions(ctx, t, question);
  const second = secondOf(ctx, ctx.state.get("second")) ?? usualSecond(question, drawn.shown().slice, offered);
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
      const labels = labelsOf(ctx.study, question, second, drawn.shown().slice, found.labels);
      void ctx.load<MeasureAnswer>(place, path, { ...base, ...labels }, (answer) => drawnBoth(drawn, second, found, labels, answer), drawn.signal);
    },
    drawn.signal,
  );
  return h("div", { class: "stack" }, h("div", { class: "controls" }, control.element), place);
}

function drawnBoth(drawn: Drawn, second: Second, found: Scope, labels: Readonly<Record<string, string>>, answer: MeasureAnswer): HTMLElement[] {
  const { ctx, t, question } = drawn;
  const { slice, title } = drawn.shown();
  const other = { ...question, info: second.info, options: second.options };
  const several = (found.labels.industry?.length ?? 0) > 1;
  const industry = labels["industry"] === undefined ? "" : labelName(ctx, other, "industry", labels["industry"]);
  const words = { first: title, second: [wordsOf(ctx, t, second, !several), several ? industry : ""].filter(Boolean).join(" · ") };
  const own = slice.labels.industry;
  const differ = own !== undefined && own !== labels["industry"];
  const panel = about(ctx, t("scatter.made"));
  panel.show(answer.about);
  const whole = second.group === ALL;
  const pair = [written({ ...second, group: "", labels }), ...(whole ? ["sum=true"] : [])].join(";");
  const numbers = panelOf(answer, whole);
  return [
    ...(differ ? [notice("warning", t("scatter.differ", { first: labelName(ctx, question, "industry", own), second: industry || t("economy") }))] : []),
    figureOf(drawn, (shown) => scatter(shown, numbers, answer.about, words, address(`pair/${question.info.name}`, { ...shown.query, second: pair, ...(slice.summed ? { sum: true } : {}) }))),
    panel.element,
  ];
}
