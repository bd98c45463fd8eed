/** Value added per output along one chain, with the test of a U. */

import { address, type Query } from "../../api";
import { h } from "../../dom";
import { number, small } from "../../format";
import { numeric, rowsOf, type Row } from "../../frames";
import { plot, valueAxis } from "../../parts/axes";
import { figure, type FigureSpec } from "../../parts/chart";
import { scaleOfPage } from "../../parts/echarts";
import type { Colours } from "../../theme";
import type { SmileAnswer } from "./answers";
import { brief, explained, industryName, kindsOf, placeOf, radius, rowName, type View } from "./names";

const NAMED = { wide: 14, narrow: 6 };
/** Room over the highest point. */
const ABOVE = 0.04;

function verdict({ t }: View, { test }: SmileAnswer): string {
  if (test === null) return t("smile.few");
  const values = { p: small(test.p_value), lowest: test.lowest.toFixed(2) };
  return t(test.smile ? "smile.yes" : test.bends ? "smile.bends" : "smile.no", values);
}

export function smileView(view: View, answer: SmileAnswer, query: Query): Node[] {
  const { ctx, t, panel, narrow } = view;
  const rows = rowsOf(answer).map((row) => ({ ...row, name: rowName(view, row, answer.country) }) as Row);
  const largest = Math.max(...rows.map((row) => numeric(row["share"]) ?? 0));
  const title = t("smile.title", { industry: industryName(view, answer.industry), place: placeOf(ctx, answer.country, answer.year) });
  const own = (row: Row) => row["country"] === answer.country && row["industry"] === answer.industry;
  const label = new Set(rows.slice(0, narrow ? NAMED.narrow : NAMED.wide));
  const facts = explained(view, answer.abouts);
  const points = ({ name, is, colour }: ReturnType<typeof kindsOf>[number], colours: Colours) => ({
    type: "scatter" as const,
    name,
    color: colour(colours),
    data: rows
      .filter(is)
      .map((row) => ({
        name: String(row["name"]),
        value: [row["distance"], row["rate"]] as number[],
        row,
        symbolSize: radius(numeric(row["share"]) ?? 0, largest, (narrow ? 38 : 60) * scaleOfPage()),
        itemStyle: { opacity: 0.72, borderColor: own(row) ? colours.marked : colours.panel, borderWidth: own(row) ? 3 : 1 },
        label: { show: label.has(row), formatter: brief(String(row["name"]), narrow ? 14 : 24), color: colours.ink, position: "top" as const, align: own(row) ? ("right" as const) : ("center" as const), fontSize: 11 * scaleOfPage(), textBorderColor: colours.panel, textBorderWidth: 2 },
      })),
    labelLayout: { hideOverlap: true },
  });
  const line = answer.test?.line;
  const highest = Math.max(...rows.map((row) => numeric(row["rate"]) ?? 0)) + ABOVE;
  const step = highest > 2 ? 0.5 : 0.2;
  const top = Math.ceil(highest / step) * step;
  const option = (colours: Colours) => ({
    tooltip: {
      trigger: "item" as const,
      formatter: (hit: unknown) => {
        const { data } = hit as { data: { row?: Row } };
        return data.row === undefined ? "" : `${data.row["name"]}\n${t("rate")} ${number(data.row["rate"], "share", ctx.lang)}\n${t("distance")} ${number(data.row["distance"], "links", ctx.lang)}\n${t("earned")} ${number(data.row["share"], "share", ctx.lang)}`;
      },
    },
    legend: {},
    grid: { ...plot({ top: 52, right: narrow ? 24 : 40 }), bottom: 34 * scaleOfPage() },
    xAxis: { ...valueAxis(ctx, "links", { name: t("smile.x"), few: narrow }), inverse: true, nameLocation: "middle" as const, nameGap: 26 * scaleOfPage() },
    yAxis: { ...valueAxis(ctx, "share", { zero: true }), name: t("smile.y"), nameTextStyle: { align: "left" as const }, max: top, interval: step, axisLine: { onZero: false } },
    series: [
      ...kindsOf(view, rows).map((kind) => points(kind, colours)),
      ...(line === undefined
        ? []
        : [{ type: "line" as const, name: t("fit"), color: colours.ink, symbol: "none", silent: true, lineStyle: { type: "dashed" as const, width: 1.5 }, data: line.distance.map((at, index) => [at, line.rate[index] ?? null]).filter(([, rate]) => Number(rate) <= top) as number[][] }]),
    ],
  });
  const point = (row: Row) => facts.point(String(row["name"]), { rate: number(row["rate"], "share", ctx.lang), distance: number(row["distance"], "links", ctx.lang), share: number(row["share"], "share", ctx.lang) });
  const spec: FigureSpec = {
    title,
    name: "chain-smile",
    about: Object.values(answer.abouts),
    words: `${title}. ${verdict(view, answer)}`,
    note: t("smile.note", { shown: rows.length, count: number(answer.earners, "", ctx.lang), rest: number(answer.rest.share, "share", ctx.lang) }),
    data: address("chains/smile", query),
    height: "high",
    option,
    onPoint: (hit) => {
      const row = (hit?.data as { row?: Row } | undefined)?.row;
      if (row === undefined) panel.point(null);
      else point(row);
    },
    table: {
      caption: title,
      rows,
      marked: own,
      sort: { key: "share", down: true },
      columns: [
        { key: "name", title: t("industry") },
        { key: "distance", title: t("distance"), unit: "links" },
        { key: "rate", title: t("rate"), unit: "share" },
        { key: "share", title: t("earned"), unit: "share" },
      ],
      onPoint: point,
    },
  };
  const services = answer.services !== null && t(answer.world ? "smile.services" : "smile.home", { share: number(answer.services, "share", ctx.lang) });
  const said = h("section", { class: "card" }, h("p", {}, h("strong", {}, verdict(view, answer))), services && h("p", {}, services));
  return [said, figure(ctx, spec).element, facts.element];
}
