/** All industries of a country between primary inputs and final use. */

import { address, type Query } from "../../api";
import { number, quantity, unitText } from "../../format";
import { numeric, rowsOf, type Row } from "../../frames";
import { plot, valueAxis } from "../../parts/axes";
import { figure, type FigureSpec } from "../../parts/chart";
import { scaleOfPage } from "../../parts/echarts";
import type { Colours } from "../../theme";
import type { PositionsAnswer } from "./answers";
import { brief, evenTicks, explained, kindsOf, placeOf, radius, rowName, type View } from "./names";

const NAMED = { wide: 40, narrow: 14 };
const TITLED = { wide: 12, narrow: 4 };

export function positionsView(view: View, answer: PositionsAnswer, query: Query, chosen: string): Node[] {
  const { ctx, t, panel, narrow } = view;
  const rows = rowsOf(answer).map((row) => ({ ...row, name: rowName(view, row, answer.country) }) as Row);
  const size = (row: Row) => numeric(row["value_added"]) ?? 0;
  const drawn = rows.filter((row) => numeric(row["upstreamness"]) !== null && numeric(row["downstreamness"]) !== null).sort((a, b) => size(b) - size(a));
  const largest = Math.max(...drawn.map(size), 0);
  const label = new Set(drawn.slice(0, narrow ? NAMED.narrow : NAMED.wide));
  const titled = new Set(drawn.slice(0, narrow ? TITLED.narrow : TITLED.wide));
  const own = (row: Row) => row["industry"] === chosen;
  const title = t("positions.title", { place: placeOf(ctx, answer.country, answer.year) });
  const points = ({ name, is, colour }: ReturnType<typeof kindsOf>[number], colours: Colours) => ({
    type: "scatter" as const,
    name,
    color: colour(colours),
    data: drawn
      .filter(is)
      .map((row) => ({
        name: String(row["name"]),
        value: [row["upstreamness"], row["downstreamness"]] as number[],
        row,
        symbolSize: radius(size(row), largest, (narrow ? 36 : 54) * scaleOfPage()),
        itemStyle: { opacity: own(row) ? 1 : 0.72, borderColor: own(row) ? colours.marked : colours.panel, borderWidth: own(row) ? 4 : 1 },
        label: { show: own(row) || label.has(row), formatter: own(row) || titled.has(row) ? brief(String(row["name"]), narrow ? 14 : 22) : String(row["industry"]), color: colours.ink, fontWeight: own(row) ? ("bold" as const) : ("normal" as const), fontSize: 11 * scaleOfPage(), textBorderColor: colours.panel, textBorderWidth: 2, position: "top" as const },
      })),
    labelLayout: { hideOverlap: true },
  });
  const words = (row: Row) =>
    [
      `${t("upstreamness")} ${number(row["upstreamness"], "stages", ctx.lang)}`,
      `${t("downstreamness")} ${number(row["downstreamness"], "stages", ctx.lang)}`,
      `${t("value_added")} ${quantity(row["value_added"], answer.unit, ctx.lang)}`,
    ];
  const ticks = (key: string) => evenTicks(drawn.map((row) => numeric(row[key]) ?? 0), narrow);
  const option = (colours: Colours) => ({
    tooltip: {
      trigger: "item" as const,
      formatter: (hit: unknown) => {
        const { row } = (hit as { data: { row: Row } }).data;
        return [row["name"], ...words(row)].join("\n");
      },
    },
    legend: {},
    grid: { ...plot({ top: 52 }), bottom: 34 * scaleOfPage() },
    xAxis: { ...valueAxis(ctx, "stages", { name: t("positions.x") }), nameLocation: "middle" as const, nameGap: 26 * scaleOfPage(), ...ticks("upstreamness") },
    yAxis: { ...valueAxis(ctx, "stages"), name: t("positions.y"), nameTextStyle: { align: "left" as const }, ...ticks("downstreamness") },
    series: kindsOf(view, drawn).map((kind) => points(kind, colours)),
  });
  const facts = explained(view, answer.abouts);
  const point = (row: Row) =>
    facts.point(String(row["name"]), {
      upstreamness: number(row["upstreamness"], "stages", ctx.lang),
      downstreamness: number(row["downstreamness"], "stages", ctx.lang),
      value_added: quantity(row["value_added"], answer.unit, ctx.lang),
    });
  const pick = (row: Row | undefined) => {
    if (row !== undefined) ctx.state.patch({ industry: String(row["industry"]), view: "stages" });
  };
  const rowOf = (data: unknown) => (data as { row?: Row } | undefined)?.row;
  const spec: FigureSpec = {
    title,
    name: "chain-positions",
    about: Object.values(answer.abouts),
    note: t("positions.note"),
    data: address("chains/positions", query),
    height: "high",
    option,
    onPick: (hit) => pick(rowOf(hit.data)),
    onPoint: (hit) => {
      const row = rowOf(hit?.data);
      if (row === undefined) panel.point(null);
      else point(row);
    },
    table: {
      caption: title,
      rows,
      marked: own,
      onPick: pick,
      onPoint: point,
      columns: [
        { key: "name", title: t("industry") },
        { key: "upstreamness", title: t("upstreamness"), unit: "stages" },
        { key: "downstreamness", title: t("downstreamness"), unit: "stages" },
        { key: "value_added", title: `${t("value_added")}, ${unitText(answer.unit, ctx.lang)}`, unit: answer.unit },
      ],
    },
  };
  return [figure(ctx, spec).element, facts.element];
}
