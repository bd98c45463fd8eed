/** Who gets the value of the product: countries and sectors, stage by stage. */

import { address, type Query } from "../../api";
import { h } from "../../dom";
import { number, quantity, unitText } from "../../format";
import { groupBy, numeric, rowsOf, type Row } from "../../frames";
import { plot, valueAxis } from "../../parts/axes";
import { figure, type FigureSpec } from "../../parts/chart";
import type { Colours } from "../../theme";
import type { IncomeAnswer } from "./answers";
import { countryName, industryName, known, placeOf, wholeLegend, type View } from "./names";

const SHOWN = { wide: 14, narrow: 8 };
const GROUPS = ["producer_services", "other_services", "manufacturing", "other_industry", "agriculture"];
/** Of tables with groupings of their own. */
const COARSE = ["services", "other industries"];
const STAGES = ["final stage", "stage 1", "stage 2", "stage 3 or more"];

const STRENGTH: Readonly<Record<string, number>> = { other_services: 0.55, other_industry: 0.6, agriculture: 0.35 };

function mixed(colour: string, ground: string, share: number): string {
  const parts = (hex: string) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
  const other = parts(ground);
  return `#${parts(colour).map((value, at) => Math.round(value * share + (other[at] ?? 0) * (1 - share)).toString(16).padStart(2, "0")).join("")}`;
}

/** Services in one colour, the others in another, parts of them paler. */
function colourOf(group: string, colours: Colours): string {
  if (group === "imports") return colours.series[1] ?? colours.goods;
  if (!GROUPS.includes(group) && !COARSE.includes(group)) return colours.line;
  return mixed(group.endsWith("services") ? colours.service : colours.goods, colours.panel, STRENGTH[group] ?? 1);
}

function total(rows: readonly Row[], column = "value"): number {
  return rows.reduce((sum, row) => sum + (numeric(row[column]) ?? 0), 0);
}

function sectorName({ ctx, t }: View, answer: IncomeAnswer, group: string): string {
  const words = group === "imports" ? t("abroad") : group in answer.titles ? ctx.say(answer.titles[group]) : known(t, "origin", group);
  return words.charAt(0).toUpperCase() + words.slice(1);
}

interface Bar {
  readonly name: string;
  readonly rows: readonly Row[];
}

function bars(view: View, answer: IncomeAnswer, query: Query, title: string, name: string, list: readonly Bar[], marked: string): HTMLElement {
  const { ctx, t, panel } = view;
  const groupName = (group: string) => sectorName(view, answer, group);
  const held = new Set(list.flatMap((bar) => bar.rows.map((row) => String(row["group"]))));
  const groups = COARSE.some((group) => held.has(group)) ? COARSE : GROUPS;
  const share = (rows: readonly Row[]) => total(rows) / answer.total;
  const cells = list.flatMap((bar) =>
    [...groupBy(bar.rows, "group")].map(([group, rows]) => ({ bar: bar.name, group: groupName(group), value: total(rows), share: share(rows) }) as Row),
  );
  const said = (row: Row) => `${number(row["share"], "share", ctx.lang)} (${quantity(row["value"], answer.unit, ctx.lang)})`;
  const at = (group: string, bar: string) => cells.find((row) => row["group"] === groupName(group) && row["bar"] === bar);
  const named = wholeLegend(groups.map(groupName), view.width() - 60);
  const spec: FigureSpec = {
    title,
    name,
    about: answer.about,
    ...(name === "chain-income" ? { note: t("income.note") } : {}),
    data: address("chains/income", query),
    pixels: 56 + named.top + (view.narrow ? 36 : 30) * list.length,
    option: (colours) => ({
      tooltip: { trigger: "item", formatter: (hit: unknown) => {
        const { name: bar, seriesName } = hit as { name: string; seriesName: string };
        const row = cells.find((one) => one["bar"] === bar && one["group"] === seriesName);
        return row === undefined ? "" : `${bar} · ${seriesName}\n${said(row)}`;
      } },
      legend: named.legend,
      grid: plot({ top: named.top }),
      xAxis: valueAxis(ctx, "share", { zero: true, few: view.narrow }),
      yAxis: { type: "category", inverse: true, data: list.map((bar) => bar.name), axisTick: { show: false }, axisLabel: { width: view.narrow ? 96 : 170, overflow: view.narrow ? "break" : "truncate", color: (value?: string | number) => (value === marked ? colours.ink : colours.muted) } },
      series: groups.map((group) => ({
        type: "bar" as const, name: groupName(group), stack: "all", color: colourOf(group, colours),
        data: list.map((bar) => numeric(at(group, bar.name)?.["share"]) ?? 0),
      })),
    }),
    onPoint: (hit) => {
      const row = hit === null ? undefined : cells.find((one) => one["bar"] === hit.name && one["group"] === hit.seriesName);
      panel.point(row === undefined ? null : { label: `${row["bar"]} · ${row["group"]}`, value: said(row) });
    },
    table: {
      caption: title,
      rows: cells,
      columns: [
        { key: "bar", title: name === "chain-income" ? t("country") : t("stage") },
        { key: "group", title: t("income.group") },
        { key: "value", title: `${t("income.value")}, ${unitText(answer.unit, ctx.lang)}`, unit: answer.unit },
        { key: "share", title: t("income.share"), unit: "share" },
      ],
      onPoint: (row) => panel.point({ label: `${row["bar"]} · ${row["group"]}`, value: said(row) }),
    },
  };
  return figure(ctx, spec).element;
}

function world(view: View, answer: IncomeAnswer, query: Query, names: { industry: string; place: string }): Node[] {
  const { ctx, t, narrow } = view;
  const rows = rowsOf(answer);
  const countries = [...groupBy(rows, "country")].map(([code, own]) => ({ name: countryName(ctx, code), rows: own })).sort((a, b) => total(b.rows) - total(a.rows));
  const most = narrow ? SHOWN.narrow : SHOWN.wide;
  const rest = countries.slice(most);
  const shown = rest.length === 0 ? countries : [...countries.slice(0, most), { name: t("income.others", { count: rest.length }), rows: rest.flatMap((one) => one.rows) }];
  const stages = STAGES.map((stage) => ({ name: known(t, "stage", stage), rows: rows.filter((row) => row["stage"] === stage) }));
  const lead = t("income.lead", {
    services: number(answer.services, "share", ctx.lang),
    total: quantity(answer.total, answer.unit, ctx.lang),
    home: number(answer.home, "share", ctx.lang),
  });
  return [
    h("section", { class: "card" }, h("p", {}, h("strong", {}, lead))),
    bars(view, answer, query, t("income.country", names), "chain-income", shown, countryName(ctx, answer.country)),
    bars(view, answer, query, t("income.stage", names), "chain-income-stages", stages, ""),
  ];
}

function national(view: View, answer: IncomeAnswer, query: Query, names: { industry: string; place: string }): Node[] {
  const { ctx, t, panel, narrow } = view;
  const rows = rowsOf(answer)
    .filter((row) => Math.abs(numeric(row["share"]) ?? 0) > 5e-5)
    .map((row) => ({ ...row, name: sectorName(view, answer, String(row["group"])) }) as Row);
  const title = t("income.national", names);
  const said = (row: Row) => number(row["share"], "share", ctx.lang);
  const point = (row: Row | undefined) => panel.point(row === undefined ? null : { label: String(row["name"]), value: said(row) });
  const spec: FigureSpec = {
    title,
    name: "chain-income",
    about: answer.about,
    note: t("income.note.national"),
    data: address("chains/income", query),
    pixels: 60 + 44 * rows.length,
    option: (colours) => ({
      tooltip: { trigger: "item" },
      grid: plot({ top: 8, right: 60 }),
      xAxis: valueAxis(ctx, "share", { zero: true, few: narrow }),
      yAxis: { type: "category", inverse: true, data: rows.map((row) => String(row["name"])), axisTick: { show: false }, axisLabel: narrow ? { width: 110, overflow: "break" } : {} },
      series: [
        {
          type: "bar",
          data: rows.map((row) => ({ value: numeric(row["share"]) ?? 0, itemStyle: { color: colourOf(String(row["group"]), colours) } })),
          label: { show: true, position: "right", color: colours.ink, formatter: (hit) => number(hit.value, "share", ctx.lang) },
        },
      ],
    }),
    onPoint: (hit) => point(hit === null ? undefined : rows[hit.dataIndex]),
    table: {
      caption: title,
      rows,
      columns: [
        { key: "name", title: t("income.group") },
        { key: "share", title: t("income.share"), unit: "share" },
      ],
      onPoint: point,
    },
  };
  const abroad = rows.filter((row) => row["group"] === "imports");
  const lead = t("income.lead.national", { services: number(answer.services, "share", ctx.lang), abroad: number(total(abroad, "share"), "share", ctx.lang) });
  return [h("section", { class: "card" }, h("p", {}, h("strong", {}, lead))), figure(ctx, spec).element];
}

export function incomeView(view: View, answer: IncomeAnswer, query: Query): Node[] {
  const { ctx, panel } = view;
  panel.show(answer.about);
  const names = { industry: industryName(view, answer.industry), place: placeOf(ctx, answer.country, answer.year) };
  return answer.world ? world(view, answer, query, names) : national(view, answer, query, names);
}
