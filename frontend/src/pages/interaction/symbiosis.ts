import type { LineSeriesOption, SeriesOption } from "echarts";
import { address } from "../../api";
import { h } from "../../dom";
import { number, quantity, small, unitText } from "../../format";
import { numeric, rowsOf, type Row } from "../../frames";
import { plot, valueAxis, yearAxis } from "../../parts/axes";
import { figure } from "../../parts/chart";
import { scaleOfPage } from "../../parts/echarts";
import { notice } from "../../parts/notice";
import { table } from "../../parts/table";
import type { Cell } from "../../types";
import { absent, asked, files, share, type Build, type Fit, type Kit, type SymbiosisAnswer } from "./kit";
import { kindWords, reasonWords, sectorWords } from "./words";

const PATH = "interaction/symbiosis";
const ARROW = 0.6;
const NOT = "not identified";
const OPEN = "undetermined";
const NAMES = ["r", "K", "x0", "d", "a"] as const;

/** What can be said, in sentences; first of all what can't. */
function verdict(kit: Kit, fit: Fit): HTMLElement {
  const { ctx, t } = kit;
  const country = kit.place(kit.at().country);
  const kind = (text: string) => kindWords(ctx.lang, text);
  const level = number(fit.level, "share", ctx.lang, "short");
  const first =
    fit.kind === NOT ? t("not_identified", { country }) : fit.kind === OPEN ? t("undetermined", { country }) : t("kind_is", { country, kind: kind(fit.kind) });
  const more = [
    fit.kind === NOT && t("not_identified_more"),
    fit.kind === OPEN && t("undetermined_more", { level, possible: fit.possible.map(kind).join(", ") }),
    fit.reason && t("reason", { reason: reasonWords(ctx.lang, fit.reason) }),
    fit.likeliest && t("likeliest", { kind: kind(fit.likeliest), share: share(fit.probability, ctx.lang) }),
    fit.kind !== NOT && fit.interaction_p !== null && t("no_effect", { p: small(fit.interaction_p) }),
  ].filter(Boolean);
  const doubts = fit.notes.filter((note) => !(fit.reason ?? "").includes(note));
  return notice(
    fit.kind === NOT || fit.kind === OPEN ? "warning" : "info",
    h("strong", {}, first),
    more.map((line) => h("p", {}, line)),
    h("p", {}, h("strong", {}, t("end_title")), ": ", end(kit, fit)),
    doubts.length > 0 && [h("strong", {}, t("doubtful")), h("ul", {}, doubts.map((note) => h("li", {}, reasonWords(ctx.lang, note))))],
  );
}

function end(kit: Kit, fit: Fit): string {
  const { ctx, t } = kit;
  const { kind, feasible, stable } = fit.equilibrium;
  if (kind === "none") return t("end_none");
  if (fit.kind === NOT) return t("end_one_of", { kind: kindWords(ctx.lang, String(kind)) });
  const draws = numeric(feasible) === null ? "" : ` ${t("end_draws", { feasible: share(feasible, ctx.lang), stable: share(stable, ctx.lang) })}`;
  return t("end", { kind: kindWords(ctx.lang, String(kind)) }) + draws;
}

interface Seen {
  readonly year: number;
  readonly projected: boolean;
  readonly observed: readonly (number | null)[];
  readonly value: readonly (number | null)[];
}

/** Both sectors of a year in one row. */
function byYear(answer: SymbiosisAnswer): Seen[] {
  const rows = rowsOf(answer.path);
  const years = [...new Set(rows.map((row) => Number(row["year"])))].sort((a, b) => a - b);
  return years.map((year) => {
    const own = answer.species.map((sector) => rows.find((row) => row["year"] === year && row["sector"] === sector));
    return {
      year,
      projected: own[0]?.["projected"] === true,
      observed: own.map((row) => numeric(row?.["observed"])),
      value: own.map((row) => numeric(row?.["value"])),
    };
  });
}

function isPair(pair: readonly (number | null)[]): pair is [number, number] {
  return pair.length === 2 && pair.every((one) => one !== null);
}

/** Arrows of one length on the screen, in the direction of change. */
function arrows(answer: SymbiosisAnswer) {
  const { field, limits } = answer.portrait;
  const rows = rowsOf(field);
  const span = limits.map(([low, high]) => high - low) as [number, number];
  const across = Math.sqrt(rows.length) || 1;
  return rows.flatMap((row) => {
    const [x, y, dx, dy] = ["x", "y", "dx", "dy"].map((key) => numeric(row[key]) ?? 0) as [number, number, number, number];
    const size = Math.hypot(dx / span[0], dy / span[1]);
    if (size === 0) return [];
    const step = (ARROW / across / size) as number;
    const to = [x + dx * step, y + dy * step] as const;
    const kept = limits.every(([low, high], at) => (to[at] ?? 0) >= low && (to[at] ?? 0) <= high);
    return kept ? [{ coords: [[x, y], [...to]] }] : [];
  });
}

function portrait(kit: Kit, answer: SymbiosisAnswer, fit: Fit, query: Record<string, string>): HTMLElement {
  const { ctx, t, panel } = kit;
  const seen = byYear(answer);
  const names = answer.species.map((one) => sectorWords(ctx.lang, one)) as [string, string];
  const country = kit.place(kit.at().country);
  const known = seen.filter((one) => isPair(one.observed));
  const fitted = seen.filter((one) => !one.projected && isPair(one.value));
  const ahead = seen.filter((one) => one.projected && isPair(one.value));
  const [low, high] = [known[0]?.year ?? 0, known.at(-1)?.year ?? 0];
  const money = (value: unknown) => quantity(value, answer.unit, ctx.lang);
  const where = (pair: readonly (number | null)[]) => names.map((name, at) => `${name} ${money(pair[at])}`).join(" · ");
  const outside = fit.equilibrium["kind"] !== "none" && !answer.portrait.equilibrium_drawn;
  const title = t("portrait_title", { first: names[0], second: names[1], country });
  const { limits, nullclines, equilibria } = answer.portrait;
  return figure(ctx, {
    title,
    note: [fit.kind === NOT && t("portrait_one_of"), t("portrait_note"), outside && `${t("equilibrium")}: ${t("end_outside")}`].filter(Boolean).join(" "),
    words: t("portrait_words", { first: low, last: high, end: end(kit, fit) }),
    name: `symbiosis-${kit.at().country}`,
    about: answer.about,
    subject: `${title}, ${low}–${high}`,
    data: address(PATH, query),
    height: "high",
    option: (c) => {
      const scale = scaleOfPage();
      const still = (place: "first" | "second", name: string, colour: string): LineSeriesOption => ({
        type: "line",
        name: t("nullcline", { name }),
        data: nullclines[place].map((point) => [...point]),
        symbol: "none",
        lineStyle: { type: "dashed", width: 1.6 * scale, color: colour },
        itemStyle: { color: colour },
        tooltip: { show: false },
      });
      const track = (name: string, rows: readonly Seen[], dotted: boolean): LineSeriesOption => ({
        type: "line",
        name,
        data: rows.map((one) => ({ value: [...(one.value as number[])], name: String(one.year) })),
        symbol: "circle",
        symbolSize: (dotted ? 5 : 1) * scale,
        lineStyle: { color: c.ink, width: 2 * scale, type: dotted ? "dotted" : "solid" },
        itemStyle: { color: c.ink },
        z: 4,
      });
      const axis = (at: 0 | 1) => ({
        ...valueAxis(ctx, answer.unit),
        scale: false,
        min: limits[at][0],
        max: limits[at][1],
        name: `${names[at]} (${unitText(answer.unit, ctx.lang)})`,
        nameLocation: "middle" as const,
        nameGap: (at === 0 ? 28 : 52) * scale,
        axisLabel: { showMaxLabel: false, hideOverlap: true, formatter: (value: number) => number(value, answer.unit, ctx.lang, "short") },
      });
      const last = fitted.at(-1);
      const series: SeriesOption[] = [
        { type: "lines", coordinateSystem: "cartesian2d", data: arrows(answer), symbol: ["none", "arrow"], symbolSize: 5 * scale, lineStyle: { color: c.muted, opacity: 0.55, width: scale }, silent: true, z: 1 },
        still("first", names[0], c.goods),
        still("second", names[1], c.service),
        track(t("fitted"), fitted, false),
        track(t("projected"), last === undefined ? ahead : ahead.length === 0 ? [] : [last, ...ahead], true),
        {
          type: "scatter",
          name: t("observed"),
          data: known.map((one) => ({
            value: [...(one.observed as number[])],
            name: String(one.year),
            label: { show: one.year === low || one.year === high, formatter: "{b}", position: "right" as const, color: c.ink, fontWeight: 600 },
          })),
          symbolSize: 8 * scale,
          itemStyle: { color: "transparent", borderColor: c.marked, borderWidth: 1.8 * scale },
          z: 5,
        },
        {
          type: "scatter",
          name: t("equilibrium"),
          data: equilibria.map((one) => ({
            value: [one.x, one.y],
            name: kindWords(ctx.lang, one.kind),
            itemStyle: { color: one.stable ? c.ink : c.ground, borderColor: c.ink, borderWidth: 2 * scale },
          })),
          itemStyle: { color: c.ink },
          symbol: "diamond",
          symbolSize: 13 * scale,
          z: 6,
        },
      ];
      return {
        tooltip: { trigger: "item", formatter: (hit) => { const one = hit as { name: string; seriesName: string; value: number[] }; return `${one.seriesName} ${one.name}\n${where(one.value)}`; } },
        legend: { data: [t("observed"), t("fitted"), ...(ahead.length > 0 ? [t("projected")] : []), t("nullcline", { name: names[0] }), t("nullcline", { name: names[1] }), t("equilibrium")] },
        grid: { ...plot({ top: 44, right: 30 }), outerBoundsContain: "all" as const },
        xAxis: axis(0),
        yAxis: axis(1),
        series,
      };
    },
    onPoint: (hit) => panel.point(hit === null || !Array.isArray(hit.value) ? null : { label: `${hit.seriesName} ${hit.name}`, value: where(hit.value as number[]) }),
    table: {
      caption: title,
      rows: seen.map((one) => ({ year: one.year, projected: one.projected, o1: one.observed[0] ?? null, o2: one.observed[1] ?? null, f1: one.value[0] ?? null, f2: one.value[1] ?? null })),
      columns: [
        { key: "year", title: t("year"), show: (value, row) => `${value}${row["projected"] ? ` (${t("projected")})` : ""}` },
        { key: "o1", title: `${names[0]}, ${t("observed")} (${unitText(answer.unit, ctx.lang)})`, unit: answer.unit },
        { key: "f1", title: `${names[0]}, ${t("fitted")}`, unit: answer.unit },
        { key: "o2", title: `${names[1]}, ${t("observed")}`, unit: answer.unit },
        { key: "f2", title: `${names[1]}, ${t("fitted")}`, unit: answer.unit },
      ],
    },
  }).element;
}

/** One sector over the years, with the band of its path. */
function series(kit: Kit, answer: SymbiosisAnswer, fit: Fit, at: 0 | 1, query: Record<string, string>): HTMLElement {
  const { ctx, t, panel } = kit;
  const sector = answer.species[at];
  const rows = rowsOf(answer.path).filter((row) => row["sector"] === sector);
  const name = sectorWords(ctx.lang, sector);
  const title = `${kit.place(kit.at().country)} · ${t("series_title", { name })}`;
  const of = (key: string, keep: (row: Row) => boolean = () => true) => rows.filter((row) => keep(row) && numeric(row[key]) !== null).map((row) => [String(row["year"]), numeric(row[key])]);
  const banded = rows.filter((row) => numeric(row["lower"]) !== null && numeric(row["upper"]) !== null);
  const first = rows.find((row) => row["projected"] === true);
  const joint = first === undefined ? null : Number(first["year"]) - 1;
  const note = [...new Set(rows.map((row) => String(row["note"] ?? "")).filter(Boolean))].map((text) => text.split("; ").map((one) => reasonWords(ctx.lang, one)).join("; "));
  return figure(ctx, {
    title,
    note: [...note, t("series_note")].join(". "),
    name: `symbiosis-${sector}`,
    about: answer.about,
    subject: `${ctx.say(answer.about.title)} · ${title}`,
    data: address(PATH, query),
    option: (c) => {
      const colour = sector === "services" ? c.service : c.goods;
      const band: SeriesOption[] =
        banded.length === 0
          ? []
          : [
              { type: "line", stack: "band", name: " ", data: banded.map((row) => [String(row["year"]), numeric(row["lower"])]), symbol: "none", lineStyle: { opacity: 0 }, silent: true, tooltip: { show: false } },
              { type: "line", stack: "band", name: t("band", { level: number(fit.level, "share", ctx.lang, "short") }), data: banded.map((row) => [String(row["year"]), (numeric(row["upper"]) ?? 0) - (numeric(row["lower"]) ?? 0)]), symbol: "none", lineStyle: { opacity: 0 }, areaStyle: { color: colour, opacity: 0.2 }, itemStyle: { color: colour, opacity: 0.4 }, silent: true, tooltip: { show: false } },
            ];
      return {
        tooltip: { trigger: "item", formatter: (hit) => { const one = hit as unknown as { seriesName: string; value: [string, number] }; return `${one.seriesName} ${one.value[0]}\n${quantity(one.value[1], answer.unit, ctx.lang)}`; } },
        legend: { data: [t("observed"), t("fitted"), ...(first ? [t("projected")] : []), ...(banded.length > 0 ? [t("band", { level: number(fit.level, "share", ctx.lang, "short") })] : [])] },
        grid: plot({ top: 44 }),
        xAxis: yearAxis(rows.map((row) => Number(row["year"]))),
        yAxis: valueAxis(ctx, answer.unit, { zero: true }),
        series: [
          ...band,
          { type: "line", name: t("fitted"), data: of("value", (row) => row["projected"] !== true), symbolSize: 3, lineStyle: { color: c.ink }, itemStyle: { color: c.ink } },
          { type: "line", name: t("projected"), data: of("value", (row) => row["projected"] === true || Number(row["year"]) === joint), symbolSize: 4, lineStyle: { color: c.ink, type: "dotted" }, itemStyle: { color: c.ink } },
          { type: "scatter", name: t("observed"), data: of("observed"), symbolSize: 8, itemStyle: { color: "transparent", borderColor: colour, borderWidth: 2 }, z: 4 },
        ],
      };
    },
    onPoint: (hit) => panel.point(hit === null || !Array.isArray(hit.value) ? null : { label: `${name} · ${hit.seriesName} ${String(hit.value[0])}`, value: quantity(hit.value[1], answer.unit, ctx.lang) }),
    table: {
      caption: title,
      rows,
      columns: [
        { key: "year", title: t("year"), show: (value, row) => `${value}${row["projected"] ? ` (${t("projected")})` : ""}` },
        { key: "observed", title: `${t("observed")} (${unitText(answer.unit, ctx.lang)})`, unit: answer.unit },
        { key: "value", title: t("fitted"), unit: answer.unit },
        { key: "lower", title: t("lower"), unit: answer.unit },
        { key: "upper", title: t("upper"), unit: answer.unit },
      ],
    },
  }).element;
}

function parameters(kit: Kit, answer: SymbiosisAnswer, fit: Fit, query: Record<string, string>): HTMLElement {
  const { ctx, t } = kit;
  const title = t("parameters_title", { country: kit.place(kit.at().country) });
  const words = (value: Cell) => NAMES.find((one) => one === value);
  const figures = (value: Cell) => (typeof value === "number" ? value.toLocaleString(ctx.lang, { maximumSignificantDigits: 4 }) : "–");
  return h(
    "details",
    { class: "card" },
    h("summary", {}, title),
    fit.kind === NOT && h("p", { class: "hint" }, t("portrait_one_of")),
    table(ctx, {
      caption: title,
      rows: rowsOf(answer.parameters),
      columns: [
        { key: "parameter", title: t("parameter"), show: (value) => { const name = words(value); return name === undefined ? String(value) : t(`parameter.${name}`); } },
        { key: "of", title: t("of_sector"), show: (value) => sectorWords(ctx.lang, String(value)) },
        { key: "from", title: t("from_sector"), show: (value) => (value ? sectorWords(ctx.lang, String(value)) : "") },
        { key: "value", title: t("value"), unit: "", show: figures },
        { key: "lower", title: t("lower"), unit: "", show: figures },
        { key: "upper", title: t("upper"), unit: "", show: figures },
        { key: "unit", title: t("unit") },
      ],
    }),
    files(kit, PATH, { ...query, part: "parameters" }),
  );
}

function countries(kit: Kit, answer: SymbiosisAnswer, query: Record<string, string>): HTMLElement {
  const { ctx, t } = kit;
  const title = t("kinds_title");
  const rows = rowsOf(answer.countries).map((row) => ({ ...row, name: kit.place(String(row["country"])) }) as Row);
  const known = (row: Row) => row["kind"] !== NOT;
  const effect = (key: string, name: string) => ({
    key,
    title: t("effect_on", { name: sectorWords(ctx.lang, name) }),
    unit: "ratio",
    show: (value: Cell, row: Row) =>
      numeric(value) === null || !known(row) ? "–" : `${number(value, "ratio", ctx.lang)} (${number(row[`${key}_lower`], "ratio", ctx.lang)} … ${number(row[`${key}_upper`], "ratio", ctx.lang)})`,
  });
  return h(
    "section",
    { class: "card" },
    h("h2", {}, title),
    h("p", { class: "hint" }, t("kinds_note")),
    table(ctx, {
      caption: title,
      rows,
      marked: (row) => row["country"] === kit.at().country,
      onPick: (row) => ctx.state.patch({ country: String(row["country"]) }),
      onPoint: (row) => kit.panel.point({ label: String(row["name"]), value: kindWords(ctx.lang, String(row["kind"])) }),
      columns: [
        { key: "name", title: t("country") },
        {
          key: "kind",
          title: t("kind_title"),
          show: (value, row) => [kindWords(ctx.lang, String(value)), h("small", { class: "long" }, reasonWords(ctx.lang, String(row["reason"] || row["notes"] || "")))],
        },
        effect("d_first_second", answer.species[0]),
        effect("d_second_first", answer.species[1]),
        { key: "equilibrium", title: t("end_title"), show: (value, row) => (known(row) ? kindWords(ctx.lang, String(value)) : "–") },
        { key: "interaction_p", title: t("p"), unit: "ratio", show: (value, row) => (known(row) ? small(value) : "–") },
      ],
    }),
    files(kit, PATH, { ...query, part: "countries" }),
  );
}

export const symbiosis: Build = (kit, panel) => {
  const { ctx, t, holds } = kit;
  if (holds.symbiosis === null) {
    panel.append(absent(kit, "absent_symbiosis", holds.add.symbiosis));
    return () => Promise.resolve();
  }
  const place = h("div", { class: "stack" });
  panel.append(place);
  return (signal) => {
    const query = asked(kit) as Record<string, string>;
    return ctx.load<SymbiosisAnswer>(
      place,
      PATH,
      query,
      (answer) => {
        kit.panel.show(answer.about);
        const { fit } = answer;
        const lost = answer.lost.length > 0 ? [notice("info", h("strong", {}, t("lost")), h("ul", {}, answer.lost.map((text) => h("li", {}, reasonWords(ctx.lang, text)))))] : [];
        if (fit === null) return [notice("warning", h("strong", {}, t("no_fit", { country: kit.place(kit.at().country) }))), ...lost, countries(kit, answer, query)];
        return [
          verdict(kit, fit),
          ...lost,
          portrait(kit, answer, fit, query),
          h("div", { class: "figures" }, series(kit, answer, fit, 0, query), series(kit, answer, fit, 1, query)),
          parameters(kit, answer, fit, query),
          countries(kit, answer, query),
        ];
      },
      signal,
    );
  };
};
