import { address } from "../../api";
import { h } from "../../dom";
import { number, quantity, unitText } from "../../format";
import { numeric, rowsOf, type Row } from "../../frames";
import { plot, valueAxis } from "../../parts/axes";
import { figure } from "../../parts/chart";
import { scaleOfPage } from "../../parts/echarts";
import { notice } from "../../parts/notice";
import { select } from "../../parts/select";
import { slider } from "../../parts/slider";
import { table } from "../../parts/table";
import { absent, asked, brief, byOf, counted, files, relationColour, relationWords, share, signs, titled, yearOf, type Build, type CommunityAnswer, type Kit } from "./kit";
import { CODES } from "./kit";
import { tileOption, tilePixels } from "./tiles";

const PATH = "interaction/community";
const THIN = 0.02;
const INDICATORS = ["cycling", "path_length", "indirect_ratio", "order", "robustness", "synergism", "mutualism", "changed", "radius"] as const;
const SHARES = ["cycling", "changed"];

function named(kit: Kit, answer: CommunityAnswer) {
  return (code: unknown) => titled(kit, answer.titles, String(code));
}

function titles(kit: Kit, answer: CommunityAnswer) {
  return { country: kit.place(kit.at().country), year: answer.year };
}

type Named = keyof CommunityAnswer["abouts"];

/** A number, with how it is made. */
function explain(kit: Kit, answer: CommunityAnswer, measure: Named, label: string, value: string): void {
  kit.panel.show(answer.abouts[measure]);
  kit.panel.point({ label, value });
}

/** Nodes on a circle, arrows from who gives to who takes. */
function network(kit: Kit, answer: CommunityAnswer, query: Record<string, string>): HTMLElement {
  const { ctx, t, panel } = kit;
  const name = named(kit, answer);
  const nodes = rowsOf(answer.nodes);
  const edges = rowsOf(answer.edges);
  const own = new Map(edges.filter((row) => row["giver"] === row["taker"]).map((row) => [row["giver"], row["share"]]));
  const across = edges.filter((row) => row["giver"] !== row["taker"] && (numeric(row["share"]) ?? 0) >= THIN);
  const most = Math.max(...across.map((row) => numeric(row["flow"]) ?? 0), 1e-300);
  const largest = Math.max(...nodes.map((row) => numeric(row["throughflow"]) ?? 0), 1e-300);
  const strongest = [...across].sort((a, b) => (numeric(b["share"]) ?? 0) - (numeric(a["share"]) ?? 0)).slice(0, 2);
  const sentence = (row: Row) => t("feeds", { taker: name(row["taker"]), giver: name(row["giver"]), share: share(row["share"], ctx.lang) });
  const edge = (row: Row) => explain(kit, answer, "nutrition", `${sentence(row)} (${quantity(row["flow"], answer.unit, ctx.lang)})`, share(row["share"], ctx.lang));
  const title = t("community_title", titles(kit, answer));
  return figure(ctx, {
    title,
    note: t("community_note", { thin: number(THIN, "share", ctx.lang, "short") }),
    words: t("community_words", { nodes: nodes.length, strongest: strongest.map(sentence).join("; ") }),
    name: `community-${answer.by}`,
    about: answer.abouts.nutrition,
    data: address(PATH, query),
    height: "high",
    option: (c) => {
      const scale = scaleOfPage();
      const narrow = innerWidth < 640;
      return {
        tooltip: { trigger: "item", formatter: (hit) => String((hit as { data?: { words?: string } }).data?.words ?? "") },
        legend: { data: [t("services_colour"), t("other_colour")] },
        series: [
          {
            type: "graph",
            layout: "none",
            left: (narrow ? 56 : 150) * scale,
            right: (narrow ? 56 : 150) * scale,
            top: 90 * scale,
            bottom: 60 * scale,
            preserveAspect: true,
            categories: [
              { name: t("services_colour"), itemStyle: { color: c.service } },
              { name: t("other_colour"), itemStyle: { color: c.goods } },
            ],
            data: nodes.map((row, at) => {
              const angle = -Math.PI / 2 + (2 * Math.PI * at) / nodes.length;
              const inner = own.get(row["node"]);
              return {
                id: String(row["node"]),
                row,
                name: String(row["node"]),
                x: Math.cos(angle),
                y: Math.sin(angle),
                category: row["service"] ? 0 : 1,
                symbolSize: (14 + 46 * Math.sqrt((numeric(row["throughflow"]) ?? 0) / largest)) * scale * (narrow ? 0.75 : 1),
                words: `${name(row["node"])}\n${t("throughflow")} ${quantity(row["throughflow"], answer.unit, ctx.lang)}\n${t("cycling")} ${share(row["cycling"], ctx.lang)}`,
                label: {
                  show: true,
                  position: narrow ? (Math.sin(angle) < 0 ? ("top" as const) : ("bottom" as const)) : Math.sin(angle) > 0.6 ? ("bottom" as const) : Math.sin(angle) < -0.6 ? ("top" as const) : Math.cos(angle) > 0 ? ("right" as const) : ("left" as const),
                  formatter: `${brief(name(row["node"]))}${inner === null || inner === undefined ? "" : `\n(${number(inner, "share", ctx.lang, "short")})`}`,
                  color: c.ink,
                  fontSize: 12 * scale,
                  fontWeight: 600,
                  width: (narrow ? 104 : 170) * scale,
                  overflow: "break" as const,
                },
              };
            }),
            links: across.map((row) => ({
              source: String(row["giver"]),
              target: String(row["taker"]),
              row,
              words: `${sentence(row)}\n${t("flow")} ${quantity(row["flow"], answer.unit, ctx.lang)}`,
              value: numeric(row["flow"]) ?? 0,
              symbolSize: [0, (6 + 12 * Math.sqrt((numeric(row["flow"]) ?? 0) / most)) * scale],
              lineStyle: {
                width: (0.8 + 10 * ((numeric(row["flow"]) ?? 0) / most)) * scale,
                color: nodes.find((node) => node["node"] === row["giver"])?.["service"] ? c.service : c.goods,
                opacity: 0.55,
                curveness: 0.22,
              },
              label: { show: !narrow, formatter: number(row["share"], "share", ctx.lang, "short"), color: c.ink, fontSize: 10.5 * scale, backgroundColor: c.panel, padding: 1 },
            })),
            edgeSymbol: ["none", "arrow"],
            emphasis: { focus: "adjacency", lineStyle: { opacity: 0.9 } },
          },
        ],
      };
    },
    onPoint: (hit) => {
      const { row } = (hit?.data ?? {}) as { row?: Row };
      if (row === undefined) panel.point(null);
      else if ("node" in row) explain(kit, answer, "throughflow", name(row["node"]), `${t("throughflow")} ${quantity(row["throughflow"], answer.unit, ctx.lang)}`);
      else edge(row);
    },
    table: {
      caption: title,
      rows: edges.map((row) => ({ ...row, from: name(row["giver"]), to: name(row["taker"]) })),
      sort: { key: "flow", down: true },
      onPoint: edge,
      columns: [
        { key: "from", title: t("giver") },
        { key: "to", title: t("taker") },
        { key: "flow", title: `${t("flow")} (${unitText(answer.unit, ctx.lang)})`, unit: answer.unit },
        { key: "share", title: t("intake"), unit: "share" },
      ],
    },
  }).element;
}

/** What a community is to each other one. */
function relations(kit: Kit, answer: CommunityAnswer, query: Record<string, string>): HTMLElement {
  const { ctx, t, panel } = kit;
  const name = named(kit, answer);
  const rows = rowsOf(answer.relations);
  const names = [...new Set(rows.map((row) => String(row["node"])))];
  const pairs = rows.filter((row) => names.indexOf(String(row["node"])) < names.indexOf(String(row["other"])));
  const title = t("relations_title", titles(kit, answer));
  const words = (row: Row) => `${brief(name(row["node"]))} – ${brief(name(row["other"]))}`;
  return figure(ctx, {
    title,
    note: `${t("relations_note")} ${t("ecology_word")}`,
    words: t("relations_words", { nodes: names.length, counts: counted(kit, pairs.map((row) => row["code"])) }),
    name: `community-relations-${answer.by}`,
    about: answer.abouts.utility_relation,
    data: address(PATH, { ...query, part: "relations" }),
    pixels: tilePixels(names.length, 190, 44),
    option: () =>
      tileOption(ctx, {
        columns: names.map((code) => brief(name(code))),
        rows: names.map((code) => brief(name(code))),
        upright: true,
        kinds: CODES.map((code) => ({ id: String(code), words: `${signs(code)} ${relationWords(kit, code)}`, colour: relationColour(kit, code) })),
        tiles: rows
          .filter((row) => row["code"] !== null)
          .map((row) => ({
            x: names.indexOf(String(row["other"])),
            y: names.indexOf(String(row["node"])),
            kind: String(row["code"]),
            text: signs(row["code"]),
            words: `${words(row)}\n${relationWords(kit, row["code"])} (${signs(row["code"])})\n${t("utility")} ${number(row["utility"], "ratio", ctx.lang)}`,
          })),
      }),
    onPoint: (hit) => {
      const [label = "", relation = ""] = hit?.name.split("\n") ?? [];
      if (hit === null) panel.point(null);
      else explain(kit, answer, "utility_relation", label, relation);
    },
    table: {
      caption: title,
      rows: rows.map((row) => ({ ...row, a: name(row["node"]), b: name(row["other"]) })),
      columns: [
        { key: "a", title: t("node") },
        { key: "b", title: t("other") },
        { key: "code", title: t("relation"), show: (value) => `${relationWords(kit, value)} (${signs(value)})` },
        { key: "utility", title: t("utility"), unit: "ratio" },
      ],
    },
  }).element;
}

function adhesion(kit: Kit, answer: CommunityAnswer, query: Record<string, string>): HTMLElement {
  const { ctx, t, panel } = kit;
  const name = named(kit, answer);
  const rows = rowsOf(answer.nodes)
    .map((row) => ({ ...row, name: name(row["node"]) }) as Row)
    .sort((a, b) => (numeric(b["adhesion"]) ?? -1) - (numeric(a["adhesion"]) ?? -1));
  const lost = (row: Row) => explain(kit, answer, "adhesion", String(row["name"]), `${t("adhesion")} ${share(row["adhesion"], ctx.lang)}`);
  const title = t("adhesion_title", titles(kit, answer));
  return figure(ctx, {
    title,
    note: t("adhesion_note"),
    name: `community-adhesion-${answer.by}`,
    about: answer.abouts.adhesion,
    data: address(PATH, { ...query, part: "nodes" }),
    pixels: tilePixels(rows.length, 60, 34),
    option: (c) => ({
      tooltip: { trigger: "item" },
      grid: plot({ top: 8, right: 24 }),
      xAxis: valueAxis(ctx, "share", { zero: true, few: innerWidth < 640 }),
      yAxis: { type: "category", data: rows.map((row) => brief(String(row["name"]))), inverse: true, axisTick: { show: false }, axisLabel: { interval: 0, width: 150 * scaleOfPage(), overflow: "break" } },
      series: [
        {
          type: "bar",
          name: t("adhesion"),
          data: rows.map((row) => ({ value: numeric(row["adhesion"]), itemStyle: { color: row["service"] ? c.service : c.goods } })),
          label: { show: true, position: "insideLeft", formatter: (hit) => share(hit.value, ctx.lang), color: c.ink, backgroundColor: c.panel, padding: [1, 3], borderRadius: 3 },
          tooltip: { valueFormatter: (value) => share(value, ctx.lang) },
        },
      ],
    }),
    onPoint: (hit) => {
      const row = hit === null ? undefined : rows[hit.dataIndex];
      if (row === undefined) panel.point(null);
      else lost(row);
    },
    table: {
      caption: title,
      rows,
      onPoint: lost,
      columns: [
        { key: "name", title: t("node") },
        { key: "throughflow", title: `${t("throughflow")} (${unitText(answer.unit, ctx.lang)})`, unit: answer.unit },
        { key: "cycling", title: t("cycling"), unit: "share" },
        { key: "adhesion", title: t("adhesion"), unit: "share" },
      ],
    },
  }).element;
}

function indicators(kit: Kit, answer: CommunityAnswer, query: Record<string, string>): HTMLElement {
  const { ctx, t } = kit;
  const title = t("indicators_title", titles(kit, answer));
  const found = rowsOf(answer.indicators);
  const rows = INDICATORS.flatMap((part) => {
    const row = found.find((one) => one["part"] === part);
    return row === undefined ? [] : [{ ...row, name: t(`ind.${part}`), more: t(`ind.${part}.more`), unit: SHARES.includes(part) ? "share" : "ratio" }];
  });
  return h(
    "section",
    { class: "card" },
    h("h2", {}, title),
    table(ctx, {
      caption: title,
      rows,
      onPoint: (row) => explain(kit, answer, row["measure"] as Named, String(row["name"]), number(row["value"], String(row["unit"]), ctx.lang)),
      columns: [
        { key: "name", title: t("indicator") },
        { key: "value", title: t("value"), unit: "ratio", show: (value, row) => number(value, String(row["unit"]), ctx.lang) },
        { key: "more", title: t("meaning"), show: (value) => h("span", { class: "means" }, String(value ?? "")) },
      ],
    }),
    files(kit, PATH, { ...query, part: "indicators" }),
  );
}

/** Where sums over paths diverge, signs are to be taken with care. */
function divergence(kit: Kit, answer: CommunityAnswer): Node[] {
  const radius = numeric(rowsOf(answer.indicators).find((row) => row["part"] === "radius")?.["value"]);
  return radius !== null && radius >= 1 ? [notice("warning", kit.t("diverges", { radius: number(radius, "ratio", kit.ctx.lang) }))] : [];
}

export const community: Build = (kit, panel) => {
  const { ctx, t, holds } = kit;
  if (holds.community.choices.length === 0) {
    panel.append(absent(kit, "absent_community"));
    return () => Promise.resolve();
  }
  const by = byControl(kit);
  const year = slider(ctx, { label: t("year"), values: kit.years(), value: yearOf(kit), play: true, onChange: (value) => ctx.state.patch({ year: value }, { replace: true }) });
  const place = h("div", { class: "stack" });
  panel.append(h("div", { class: "controls" }, by.element, year.element), place);
  return (signal) => {
    by.set(byOf(kit));
    year.set(yearOf(kit), kit.years());
    const query = { ...asked(kit), by: byOf(kit), year: String(yearOf(kit)) } as Record<string, string>;
    return ctx.load<CommunityAnswer>(
      place,
      PATH,
      query,
      (answer) => {
        kit.panel.show(answer.abouts.nutrition);
        return [
          ...divergence(kit, answer),
          network(kit, answer, query),
          h("div", { class: "figures" }, relations(kit, answer, query), adhesion(kit, answer, query), indicators(kit, answer, query)),
        ];
      },
      signal,
    );
  };
};

export function byControl(kit: Kit) {
  const { ctx, t, holds } = kit;
  const words = (name: string) => ctx.say(ctx.study.groupings.find((one) => one.name === name)?.title ?? name);
  return select({
    label: t("by"),
    options: holds.community.choices.map((value) => ({ value, words: words(value) })),
    value: byOf(kit),
    onChange: (value) => ctx.state.patch({ by: value }),
  });
}
