/** One number taken apart: the flows behind it, supplier by supplier. */

import type { EChartsOption } from "echarts";
import { address, type Query } from "../../api";
import { h, type Child } from "../../dom";
import { number, quantity, small } from "../../format";
import { numeric, rowsOf } from "../../frames";
import type { Context } from "../../page";
import { plot, valueAxis } from "../../parts/axes";
import { figure, type Hit } from "../../parts/chart";
import { scaleOfPage } from "../../parts/echarts";
import { notice } from "../../parts/notice";
import { table } from "../../parts/table";
import type { Say } from "../../text/measure";
import type { About, Frame } from "../../types";
import { countryName, short } from "./names";

export interface CellReply extends Partial<Frame> {
  readonly about: About;
  readonly value: number | null;
  readonly parts?: null;
  readonly sums: Readonly<Record<string, number | null>>;
  readonly check: { readonly kind: "exact" | "differs" | "context"; readonly sum: number | null; readonly gap: number | null } | null;
  readonly unit?: string;
  /** Which flows are shown: bought anywhere, at home or abroad. */
  readonly origin?: "total" | "domestic" | "imported";
}

const BARS = 15;

function sumsList(ctx: Context, t: Say, reply: CellReply): Child {
  const { sums, origin: from = "total" } = reply;
  const money = reply.unit ?? "";
  const rows: [string, string][] = [
    [t(`cell.bought.${from}`), quantity(sums["money"], money, ctx.lang)],
    [t("cell.bought.services"), [quantity(sums["money_services"], money, ctx.lang), number(sums["share_services"], "share", ctx.lang)].join(" = ")],
    [t("cell.output"), quantity(sums["output"], money, ctx.lang)],
    [t(from === "total" ? "cell.direct" : `cell.direct.${from}`), number(sums["direct_services"], "ratio", ctx.lang)],
    ...(from === "imported" ? [] : [[t(from === "total" ? "cell.complete" : "cell.complete.domestic"), number(sums["complete_services"], "ratio", ctx.lang)] as [string, string]]),
  ];
  return h("dl", { class: "terms" }, rows.flatMap(([term, words]) => [h("dt", {}, term), h("dd", {}, words)]));
}

function checkLine(ctx: Context, t: Say, reply: CellReply): Child {
  const { check } = reply;
  if (check === null) return null;
  const unit = reply.about.unit;
  if (check.kind === "context") return notice("info", t("cell.context"));
  const words = { sum: number(check.sum, unit, ctx.lang), value: number(reply.value, unit, ctx.lang), gap: small(check.gap) };
  return notice(check.kind === "exact" ? "info" : "warning", t(check.kind === "exact" ? "cell.exact" : "cell.differs", words));
}

export function cellView(ctx: Context, t: Say, reply: CellReply, path: string, query: Query, point: (one: { label: string; value: string } | null) => void): HTMLElement[] {
  if (reply.columns === undefined) return [notice("info", t("cell.none"))];
  const rows = rowsOf({ columns: reply.columns, rows: reply.rows ?? 0 });
  const world = new Set(rows.map((row) => row["country"]).filter(Boolean)).size > 1;
  const many = rows.filter((row) => row["industry"] !== "rest");
  const complete = many.some((row) => numeric(row["complete"]) !== null);
  const name = (row: Readonly<Record<string, unknown>>) =>
    row["industry"] === "rest"
      ? t("cell.rest", { words: String(row["title"]).replace(/\D/g, "") })
      : [world && row["country"] ? countryName(ctx, String(row["country"])) : "", row["title"] === row["industry"] ? row["industry"] : `${String(row["industry"])} ${String(row["title"]).replace(/^Manufacture of /, "").replace(/^./, (sign) => sign.toUpperCase())}`].filter(Boolean).join(" · ");
  const top = many.slice(0, BARS).reverse();
  const counted = (row: Readonly<Record<string, unknown>>) => (numeric(row["counted"] as never) ?? 0) > 0.5;
  const money = reply.unit ?? "";
  const data = address(path, query);
  const drawn = figure(ctx, {
    title: t("cell.suppliers"),
    note: t(complete ? "cell.suppliers.note" : "cell.suppliers.direct"),
    name: `${reply.about.measure}-suppliers`,
    about: reply.about,
    subject: [ctx.say(reply.about.title), countryName(ctx, String(query["country"] ?? "")), query["industry"], query["group"], query["year"]].filter(Boolean).join(" · "),
    data,
    pixels: (70 + top.length * 26) * scaleOfPage(),
    table: supplierTable(),
    option: (colours): EChartsOption => ({
      grid: plot({ right: 30 }),
      legend: { data: [t("cell.column.direct"), ...(complete ? [t("cell.column.complete")] : [])] },
      tooltip: { trigger: "item", formatter: (hit: unknown) => `${(hit as Hit).name}\n${(hit as Hit).seriesName}: ${number((hit as Hit).value, "ratio", ctx.lang)}` },
      xAxis: valueAxis(ctx, "ratio", { zero: true }),
      yAxis: { type: "category", data: top.map(name), axisTick: { show: false }, axisLabel: { interval: 0, width: (innerWidth < 700 ? 110 : 260) * scaleOfPage(), overflow: "truncate", fontSize: 11 * scaleOfPage() } },
      series: [
        { type: "bar", name: t("cell.column.direct"), itemStyle: { color: colours.goods }, data: top.map((row) => ({ value: numeric(row["direct"]), itemStyle: { color: counted(row) ? colours.service : colours.goods } })) },
        ...(complete ? [{ type: "bar" as const, name: t("cell.column.complete"), itemStyle: { color: colours.goods, opacity: 0.45 }, data: top.map((row) => ({ value: numeric(row["complete"]), itemStyle: { color: counted(row) ? colours.service : colours.goods, opacity: 0.45 } })) }] : []),
      ],
    }),
    onPoint: (hit) => point(hit === null ? null : { label: `${hit.name} · ${hit.seriesName}`, value: number(hit.value, "ratio", ctx.lang) }),
  });

  function supplierTable() {
    return {
      caption: t("cell.suppliers"),
      columns: [
        { key: "name", title: t("cell.supplier") },
        { key: "kind", title: t("cell.counted") },
        { key: "money", title: `${t("cell.column.money")}${money ? `, ${money}` : ""}`, unit: money || "money" },
        { key: "share", title: t("cell.column.share"), unit: "share" },
        ...(reply.origin !== "imported" && many.some((row) => numeric(row["imported"]) !== null) ? [{ key: "imported", title: t("cell.column.imported"), unit: money || "money" }] : []),
        { key: "direct", title: t("cell.column.direct"), unit: "ratio" },
        ...(complete ? [{ key: "complete", title: t("cell.column.complete"), unit: "ratio" }] : []),
      ],
      rows: rows.map((row) => ({ ...row, name: name(row), kind: row["industry"] === "rest" ? "" : counted(row) ? t("cell.yes") : t("cell.no") })),
      marked: (row: Readonly<Record<string, unknown>>) => row["kind"] === t("cell.yes"),
    };
  }

  const other = h("span", { class: "swatch" });
  other.style.setProperty("background", ctx.colours.goods);
  return [
    h("div", {}, checkLine(ctx, t, reply), sumsList(ctx, t, reply)),
    h("p", { class: "legend" }, h("span", {}, h("span", { class: "swatch service" }), t("cell.legend.service")), h("span", {}, other, t("cell.legend.other"))),
    drawn.element,
    h("details", { open: true }, h("summary", {}, short(t("cell.table"))), table(ctx, supplierTable())),
  ];
}
