/** Who supplies whom, stage by stage, and who uses the product. */

import { address, type Query } from "../../api";
import { h } from "../../dom";
import { number, quantity } from "../../format";
import { numeric, rowsOf, type Row } from "../../frames";
import { scaleOfPage } from "../../parts/echarts";
import { figure, type FigureSpec } from "../../parts/chart";
import type { Colours } from "../../theme";
import type { StagesAnswer } from "./answers";
import { industryName, known, placeOf, type View } from "./names";

/** Share of output from which a box is tall enough for a name of several lines. */
const TALL = 0.1;
/** Pixels for a name that says something. */
const LETTERS = 48;
const LEAST = { wide: 0.0015, narrow: 0.004 };
const ORIGINS = ["services", "other industries", "imports", "taxes and margins", "discrepancy"];

/** Where there is little room, what a page opens with; its address says so. */
export const NARROW_STAGES = 1;

/** What to ask for: fewer boxes where there is little room. */
export function question(stages: string, narrow: boolean): { stages: number; most: number } {
  return { stages: Number(stages) || 2, most: narrow ? 2 : 4 };
}

function boxName(view: View, row: Row, home: string): string {
  const [kind, code, country] = [String(row["kind"]), String(row["code"]), String(row["country"])];
  const { t } = view;
  if (kind === "use") return known(t, "use", code);
  if (kind === "others") return known(t, country === "abroad" ? "box.abroad" : "box.others", code, { count: Number(row["count"]) });
  if (kind === "earlier" || kind === "imports") return known(t, `box.${kind}`, code);
  const title = industryName(view, code, String(row["title"]));
  return country === home ? title : `${country} ${title}`;
}

function colourOf(row: Row, colours: Colours): string {
  const [kind, code] = [row["kind"], String(row["code"])];
  if (kind === "product") return colours.marked;
  if (kind === "use") return colours.muted;
  if (row["service"] === true) return colours.service;
  if (code === "imports") return colours.series[1] ?? colours.goods;
  return code === "taxes and margins" || code === "discrepancy" ? colours.line : colours.goods;
}

/** Whose value the output is, with the colours of the figure as legend. */
function origins(view: View, answer: StagesAnswer): HTMLElement {
  const { ctx, t } = view;
  const swatch = (name: string) => {
    const mark = h("span", { class: "swatch", "aria-hidden": "true" });
    mark.style.setProperty("background", colourOf({ kind: "earlier", code: name, service: name === "services" }, ctx.colours));
    return mark;
  };
  const parts = ORIGINS.filter((name) => Math.abs(answer.origins[name] ?? 0) > 5e-5 * answer.output);
  return h(
    "section",
    { class: "card" },
    h("p", {}, t("stages.of", { output: quantity(answer.output, answer.unit, ctx.lang) })),
    h(
      "ul",
      { class: "legend" },
      parts.map((name) => h("li", {}, swatch(name), known(t, "origin", name), " ", h("strong", {}, number((answer.origins[name] ?? 0) / answer.output, "share", ctx.lang)))),
    ),
  );
}

export function stagesView(view: View, answer: StagesAnswer, query: Query): Node[] {
  const { ctx, t, panel, narrow } = view;
  panel.show(answer.about);
  const { table } = view.shelf();
  const boxes = rowsOf(answer.boxes);
  const names = new Map(boxes.map((row) => [String(row["id"]), boxName(view, row, answer.country)]));
  const links = rowsOf(answer).map((row) => ({ ...row, from: names.get(String(row["source"])) ?? "", to: names.get(String(row["target"])) ?? "" }) as Row);
  const suppliers = new Map(boxes.filter((row) => row["kind"] === "supplier").map((row) => [String(row["id"]), row]));
  const ofSupplier = (id: string) => ({ country: String(suppliers.get(id)?.["country"]) || undefined, industry: String(suppliers.get(id)?.["code"]) });
  const own = (id: string) => ctx.state.link("chains", { ...(table ? { table } : { source: answer.source }), year: answer.year ?? undefined, ...ofSupplier(id) });
  const least = narrow ? LEAST.narrow : LEAST.wide;
  const drawn = links.filter((row) => (numeric(row["share"]) ?? 0) >= least);
  const used = new Set(drawn.flatMap((row) => [String(row["source"]), String(row["target"])]));
  const last = Math.max(...boxes.map((row) => Number(row["stage"])));
  const title = t("stages.title", { industry: industryName(view, answer.industry), place: placeOf(ctx, answer.country, answer.year) });
  const said = (value: number) => `${quantity(value, answer.unit, ctx.lang)} (${number(value / answer.output, "share", ctx.lang)})`;
  const tall = (row: Row) => (numeric(row["share"]) ?? 0) >= TALL;
  const option = (colours: Colours, width: number) => {
    const scale = scaleOfPage();
    const margin = (narrow ? 92 : 160) * scale;
    const thick = (narrow ? 9 : 13) * scale;
    const room = (width - 6 - margin) / (last + 1) - thick - 10;
    return {
      tooltip: {
        trigger: "item" as const,
        formatter: (hit: unknown) => {
          const { dataType, data } = hit as { dataType: string; data: { name?: string; words?: string; source?: string; target?: string; value: number } };
          const words = dataType === "edge" ? `${names.get(data.source ?? "")} → ${names.get(data.target ?? "")}` : (data.words ?? "");
          return `${words}\n${said(data.value)}`;
        },
      },
      series: [
        {
          type: "sankey" as const,
          left: 4,
          right: margin,
          top: 8,
          bottom: 8,
          nodeWidth: thick,
          nodeGap: (narrow ? 14 : 11) * scale,
          nodeAlign: "left" as const,
          layoutIterations: 48,
          draggable: false,
          emphasis: { focus: "adjacency" as const },
          lineStyle: { color: "source" as const, opacity: 0.32, curveness: 0.5 },
          label: {
            color: colours.ink,
            width: Math.max(40, room),
            overflow: "truncate" as const,
            fontSize: (narrow ? 10.5 : 11.5) * scale,
            lineHeight: (narrow ? 12.5 : 14) * scale,
            textBorderColor: colours.panel,
            textBorderWidth: 2,
            formatter: (hit: { name: string }) => names.get(hit.name) ?? hit.name,
          },
          data: boxes
            .filter((row) => used.has(String(row["id"])))
            .map((row) => {
              const stage = Number(row["stage"]);
              return {
                name: String(row["id"]),
                words: names.get(String(row["id"])),
                value: numeric(row["value"]) ?? 0,
                depth: last - stage,
                itemStyle: { color: colourOf(row, colours), borderWidth: 0 },
                label: {
                  show: room >= LETTERS || tall(row) || stage <= 0,
                  ...(tall(row) && (room >= LETTERS || stage < 0) ? { overflow: "break" as const } : {}),
                  ...(row["kind"] === "product" ? { fontWeight: "bold" as const } : {}),
                  ...(row["kind"] === "use" ? { width: margin - 14 } : {}),
                },
              };
            }),
          links: drawn.map((row) => ({ source: String(row["source"]), target: String(row["target"]), value: numeric(row["value"]) ?? 0 })),
        },
      ],
    };
  };
  const spec: FigureSpec = {
    title,
    name: "chain-stages",
    about: answer.about,
    note: `${t("stages.order")} ${t("stages.small", { least: number(least, "share", ctx.lang) })}`,
    hint: t("stages.pick"),
    data: address("chains/sankey", query),
    height: narrow ? "high" : "tall",
    option,
    onPick: (hit) => {
      if (suppliers.has(hit.name)) ctx.state.patch(ofSupplier(hit.name));
    },
    onPoint: (hit) => {
      if (hit === null) return panel.point(null);
      const data = hit.data as { source?: string; target?: string; words?: string; value: number };
      const label = hit.dataType === "edge" ? `${names.get(data.source ?? "")} → ${names.get(data.target ?? "")}` : (data.words ?? "");
      panel.point({ label, value: said(data.value) });
    },
    table: {
      caption: title,
      rows: links,
      sort: { key: "value", down: true },
      columns: [
        { key: "from", title: t("from"), show: (value, row) => (suppliers.has(String(row["source"])) ? h("a", { href: own(String(row["source"])) }, value as string) : (value as string)) },
        { key: "to", title: t("to") },
        { key: "stage", title: t("stage"), show: (value) => String(value) },
        { key: "value", title: t("value"), unit: answer.unit },
        { key: "share", title: t("share"), unit: "share" },
      ],
      onPoint: (row) => panel.point({ label: `${row["from"]} → ${row["to"]}`, value: said(numeric(row["value"]) ?? 0) }),
    },
  };
  return [origins(view, answer), figure(ctx, spec).element];
}
