import type { EChartsOption } from "echarts";
import { address } from "../../api";
import { h, replace } from "../../dom";
import { number } from "../../format";
import { numeric, rowsOf, type Row } from "../../frames";
import { plot, valueAxis } from "../../parts/axes";
import { figure, type Figure, type FigureSpec } from "../../parts/chart";
import { notice } from "../../parts/notice";
import { select } from "../../parts/select";
import { table } from "../../parts/table";
import type { Cell } from "../../types";
import { absent, asked, files, share, type Build, type Kit, type ModesAnswer } from "./kit";
import { definitionWords } from "./words";
import { hatch, tileOption, tilePixels, type Kind } from "./tiles";

const MODES = ["alternative", "merging", "coexisting", "receding", "undetermined"] as const;
type Mode = (typeof MODES)[number];
const KINDS = ["purchased", "own_account", "secondary", "returned", "similarity"] as const;
const DIRECTIONS = ["rises", "falls", "flat"] as const;
const PATH = "interaction/modes";

function isMode(value: Cell | undefined): value is Mode {
  return MODES.includes(value as Mode);
}

function colours(kit: Kit): Record<Mode, string> {
  const { series, missing, faint } = kit.ctx.colours;
  const take = (at: number) => series[at] ?? missing;
  return { alternative: take(0), merging: take(1), coexisting: missing, receding: take(3), undetermined: faint };
}

/** Tells what is not known from what is seen not to change, both of them grey. */
function decal(kit: Kit, mode: Mode) {
  return mode === "undetermined" ? { decal: hatch(kit.ctx.colours.muted) } : {};
}

function kinds(kit: Kit): Kind[] {
  const own = colours(kit);
  return MODES.map((id) => ({ id, words: kit.t(`mode.${id}`), colour: own[id], ...decal(kit, id) }));
}

function years(row: Row): string {
  return `${row["window_first"]}–${row["window_last"]}`;
}

function short(row: Row): string {
  return `${row["window_first"]}–${String(row["window_last"]).slice(-2)}`;
}

function modeWords(kit: Kit, value: Cell | undefined): string {
  return isMode(value) ? kit.t(`mode.${value}`) : String(value ?? "");
}

function oneOf<T extends string>(known: readonly T[], value: Cell | undefined, words: (one: T) => string): string {
  const found = known.find((one) => one === value);
  return found === undefined ? String(value ?? "").replaceAll("_", " ") : words(found);
}

function industryWords(kit: Kit, answer: ModesAnswer, code: string): string {
  const title = kit.ctx.say(answer.titles.industry[code] ?? "").replace(/^Manufacture of (.)/, (_, first: string) => first.toUpperCase());
  return title === code ? code : `${code} ${title}`.trim();
}

/** Industries by windows, and the whole period apart on the right. */
function map(kit: Kit, answer: ModesAnswer, group: string, query: Record<string, string>): FigureSpec {
  const { ctx, t, panel } = kit;
  const rows = rowsOf(answer);
  const windows = rows.filter((row) => row["period"] === "window");
  const whole = rows.filter((row) => row["period"] === "whole");
  const columns = [...new Set(windows.map(short))];
  const wide = whole[0] === undefined ? [] : [" ", t("whole_column", { years: short(whole[0]) })];
  const names = answer.labels.industry.filter((code) => rows.some((row) => row["industry"] === code));
  const titled = (code: Cell | undefined) => industryWords(kit, answer, String(code));
  const all = [...columns, ...wide];
  const tile = (row: Row, x: number, sure: boolean) => {
    const mode = isMode(row["mode"]) ? row["mode"] : "undetermined";
    const letter = t(`letter.${mode}`);
    const trust = share(row["confidence"], ctx.lang);
    return {
      x,
      y: names.indexOf(String(row["industry"])),
      kind: mode,
      text: sure ? `${letter} ${Math.round((numeric(row["confidence"]) ?? 0) * 100)}` : letter,
      words: `${titled(row["industry"])}\n${years(row)}: ${t(`mode.${mode}`)}\n${t("confidence")} ${trust}`,
    };
  };
  const tiles = [
    ...windows.map((row) => tile(row, columns.indexOf(short(row)), false)),
    ...whole.map((row) => tile(row, all.length - 1, true)),
  ];
  const name = ctx.say(answer.titles.group[group] ?? group);
  const counts = MODES.map((mode) => [t(`mode.${mode}`), whole.filter((row) => row["mode"] === mode).length] as const).filter(([, n]) => n > 0);
  const title = t("modes_title", { country: kit.place(kit.at().country), group: name });
  const pick = (industry: string) => ctx.state.patch({ industry });
  return {
    title,
    note: t("modes_note", { window: answer.window }),
    words: t("modes_words", { industries: names.length, windows: columns.length, counts: counts.map((one) => one.join(" ")).join(", ") }),
    name: "modes",
    about: answer.about,
    data: address(PATH, query),
    pixels: tilePixels(names.length, 130),
    option: () => tileOption(ctx, { columns: all, rows: names.map(titled), tiles, kinds: kinds(kit), upright: true, marked: (row) => row === titled(ctx.state.get("industry")) }),
    onPick: (hit) => {
      const at = (hit.value as number[] | undefined)?.[1];
      const code = at === undefined ? undefined : names[at];
      if (code !== undefined) pick(code);
    },
    onPoint: (hit) => panel.point(hit === null ? null : { label: hit.name.split("\n").slice(0, 1).join(" "), value: hit.name.split("\n").slice(1).join(" · ") }),
    table: {
      caption: title,
      rows: [...whole, ...windows].map((row) => ({ ...row, title: titled(row["industry"]), years: years(row) })),
      onPick: (row) => pick(String(row["industry"])),
      columns: [
        { key: "title", title: t("industry") },
        { key: "years", title: t("period") },
        { key: "mode", title: t("mode"), show: (value) => modeWords(kit, value) },
        { key: "confidence", title: t("confidence"), unit: "share" },
        { key: "resampling", title: t("resampling"), unit: "share" },
        { key: "definitions", title: t("definitions"), unit: "share" },
        { key: "missing", title: t("missing"), show: (value) => missing(kit, value) },
      ],
    },
  };
}

function missing(kit: Kit, value: Cell | undefined): string {
  const texts = String(value ?? "").split(",").filter(Boolean);
  return texts.map((one) => oneOf(KINDS, one, (kind) => kit.t(`kind.${kind}`))).join(", ");
}

/** What the mode of one industry rests on. */
function proof(kit: Kit, answer: ModesAnswer, group: string, query: Record<string, string>): HTMLElement {
  const { ctx, t } = kit;
  const industry = ctx.state.get("industry");
  const rows = rowsOf(answer.evidence).filter((row) => row["industry"] === industry);
  const card = h("section", { class: "card wide", tabindex: -1, id: "mode-evidence" });
  const choose = select({
    label: t("industry"),
    options: [{ value: "", words: "–" }, ...answer.labels.industry.map((value) => ({ value, words: industryWords(kit, answer, value) }))],
    value: industry,
    onChange: (value) => ctx.state.patch({ industry: value }),
  });
  const title = t("evidence_title", { industry: industryWords(kit, answer, industry), group: ctx.say(answer.titles.group[group] ?? group) });
  replace(
    card,
    h("h2", {}, rows.length === 0 ? t("evidence_pick") : title),
    choose.element,
    rows.length > 0 &&
      table(ctx, {
        caption: title,
        rows,
        columns: [
          { key: "kind", title: t("kind"), show: (value) => oneOf(KINDS, value, (kind) => t(`kind.${kind}`)) },
          { key: "definition", title: t("definition"), show: (value) => definitionWords(ctx.lang, String(value)) },
          { key: "main", title: t("main"), show: (value) => (value ? "✓" : "") },
          { key: "direction", title: t("direction"), show: (value) => oneOf(DIRECTIONS, value, (one) => t(`direction.${one}`)) },
          { key: "slope", title: t("slope"), unit: "ratio", show: (value) => fine(kit, value) },
          { key: "lower", title: t("interval"), unit: "ratio", show: (value, row) => `${fine(kit, value)} … ${fine(kit, row["upper"])}` },
          { key: "relative", title: t("relative"), unit: "share" },
        ],
      }),
    rows.length > 0 && files(kit, PATH, { ...query, industry, part: "evidence" }),
  );
  return card;
}

/** Slopes are small: three figures, whatever their size. */
function fine(kit: Kit, value: Cell | undefined): string {
  return typeof value === "number" ? value.toLocaleString(kit.ctx.lang, { maximumSignificantDigits: 3, minimumSignificantDigits: 2 }) : "–";
}

function stacked(kit: Kit, names: readonly string[], rows: readonly Row[], upright: boolean, marked = ""): EChartsOption {
  const { t, ctx } = kit;
  const own = colours(kit);
  const shown = MODES.filter((mode) => rows.some((row) => (numeric(row[mode]) ?? 0) > 0));
  const category = {
    type: "category" as const,
    data: [...names],
    inverse: !upright,
    axisTick: { show: false },
    axisLabel: { interval: upright ? ("auto" as const) : 0, hideOverlap: upright, color: (value: string | number | undefined) => (value === marked ? ctx.colours.ink : ctx.colours.muted) },
  };
  const amount = { ...valueAxis(ctx, "", { name: upright ? t("windows_axis") : "", zero: true }), minInterval: 1 };
  return {
    tooltip: { trigger: "item" },
    legend: {},
    grid: plot({ top: 56 }),
    ...(upright ? { xAxis: category, yAxis: amount } : { xAxis: amount, yAxis: category }),
    series: shown.map((mode) => ({ type: "bar", stack: "all", name: t(`mode.${mode}`), itemStyle: { color: own[mode], borderColor: ctx.colours.line, borderWidth: 0.5, ...decal(kit, mode) }, data: rows.map((row) => numeric(row[mode])) })),
  };
}

/** Heads figures that leave the page: their titles say neither the service nor the years. */
function subject({ ctx }: Kit, answer: ModesAnswer, where: string, query: Record<string, string>): string {
  const group = query["group"] ?? "";
  const [whole] = rowsOf(answer).filter((row) => row["period"] === "whole");
  return [ctx.say(answer.about.title), ctx.say(answer.titles.group[group] ?? group), where, whole && years(whole)].filter(Boolean).join(" · ");
}

function overWindows(kit: Kit, answer: ModesAnswer, scope: "own" | "all", query: Record<string, string>): HTMLElement {
  const { ctx, t, panel } = kit;
  const rows = rowsOf(answer.windows).filter((row) => row["scope"] === scope);
  const where = scope === "own" ? kit.place(kit.at().country) : t("all");
  const title = t("windows_title", { where });
  return figure(ctx, {
    title,
    name: `modes-windows-${scope}`,
    about: answer.about,
    subject: subject(kit, answer, where, query),
    data: address(PATH, { ...query, part: "windows" }),
    option: () => stacked(kit, rows.map(short), rows, true),
    onPoint: (hit) => panel.point(hit === null ? null : { label: `${hit.name} · ${where}`, value: `${hit.seriesName}: ${String(hit.value)}` }),
    table: {
      caption: title,
      rows: rows.map((row) => ({ ...row, years: years(row) })),
      columns: [{ key: "years", title: t("period") }, ...MODES.map((mode) => ({ key: mode, title: t(`mode.${mode}`), unit: "" }))],
    },
  }).element;
}

function transitions(kit: Kit, answer: ModesAnswer, scope: "own" | "all", query: Record<string, string>): HTMLElement {
  const { ctx, t, panel } = kit;
  const rows = rowsOf(answer.transitions).filter((row) => row["scope"] === scope);
  const where = scope === "own" ? kit.place(kit.at().country) : t("all");
  const why = answer.transitions_absent[scope];
  if (why !== undefined) return notice("info", h("strong", {}, t("transitions_title", { where })), h("p", {}, t("transitions_absent", { why })));
  const names = MODES.filter((mode) => rows.some((row) => row["from"] === mode));
  const title = t("transitions_title", { where });
  const words = names.map((mode) => t(`mode.${mode}`));
  const data = rows.filter((row) => numeric(row["share"]) !== null);
  const at = (row: Row): [number, number, number] => [names.indexOf(row["to"] as Mode), names.indexOf(row["from"] as Mode), numeric(row["share"]) ?? 0];
  return figure(ctx, {
    title,
    note: t("transitions_note"),
    name: `modes-transitions-${scope}`,
    about: answer.about,
    subject: subject(kit, answer, where, query),
    data: address(PATH, { ...query, part: "transitions" }),
    option: (c) => ({
      tooltip: { trigger: "item", formatter: (hit) => String((hit as { name: string }).name) },
      grid: plot({ top: 40 }),
      xAxis: { type: "category", data: words, name: "", position: "top", axisTick: { show: false }, axisLabel: { formatter: (value) => `→ ${value}` } },
      yAxis: { type: "category", data: words, inverse: true, axisTick: { show: false } },
      visualMap: { show: false, type: "continuous", min: 0, max: 1, inRange: { color: [...c.sequential] } },
      series: [
        {
          type: "heatmap",
          data: data.map((row) => ({
            value: at(row),
            name: `${modeWords(kit, row["from"])} → ${modeWords(kit, row["to"])}: ${share(row["share"], ctx.lang)} (${t("units.count", { count: String(row["units"]) })})`,
          })),
          label: { show: true, formatter: (hit) => number((hit.value as number[])[2], "share", ctx.lang, "short"), color: "#14191f", backgroundColor: "rgba(255,255,255,0.82)", padding: [2, 4], borderRadius: 3 },
          itemStyle: { borderColor: c.ground, borderWidth: 2 },
        },
      ],
    }),
    onPoint: (hit) => panel.point(hit === null || !hit.name.includes(": ") ? null : { label: hit.name.split(": ")[0] ?? "", value: hit.name.split(": ")[1] ?? "" }),
    table: {
      caption: title,
      rows,
      columns: [
        { key: "from", title: t("from"), show: (value) => modeWords(kit, value) },
        { key: "to", title: t("to"), show: (value) => modeWords(kit, value) },
        { key: "units", title: t("units"), unit: "" },
        { key: "share", title: t("share"), unit: "share" },
      ],
    },
  }).element;
}

function countries(kit: Kit, answer: ModesAnswer, query: Record<string, string>): HTMLElement | null {
  const { ctx, t, panel } = kit;
  const found = rowsOf(answer.countries);
  if (found.length < 2) return null;
  const still = (row: Row) => (numeric(row["coexisting"]) ?? 0) + (numeric(row["undetermined"]) ?? 0);
  const rows = found.map((row) => ({ ...row, name: kit.place(String(row["country"])) })).sort((a, b) => still(a) - still(b));
  const title = t("countries_title");
  return h(
    "div",
    { class: "wide" },
    figure(ctx, {
      title,
      name: "modes-countries",
      about: answer.about,
      subject: subject(kit, answer, "", query),
      data: address(PATH, { ...query, part: "countries" }),
      pixels: tilePixels(rows.length, 90, 20),
      option: () => stacked(kit, rows.map((row) => row.name), rows, false, kit.place(kit.at().country)),
      onPick: (hit) => {
        const code = rows[hit.dataIndex]?.["country" as keyof object] as string | undefined;
        if (code !== undefined) ctx.state.patch({ country: code });
      },
      onPoint: (hit) => panel.point(hit === null ? null : { label: hit.name, value: `${hit.seriesName}: ${String(hit.value)}` }),
      table: {
        caption: title,
        rows,
        marked: (row) => row["country"] === kit.at().country,
        onPick: (row) => ctx.state.patch({ country: String(row["country"]) }),
        columns: [{ key: "name", title: t("country") }, ...MODES.map((mode) => ({ key: mode, title: t(`mode.${mode}`), unit: "" }))],
      },
    }).element,
  );
}

export const modes: Build = (kit, panel) => {
  const { ctx, t, holds } = kit;
  if (holds.modes === null) {
    panel.append(absent(kit, "absent_modes", holds.add.modes));
    return () => Promise.resolve();
  }
  const known = holds.modes.group ?? [];
  const chosen = () => (known.includes(ctx.state.get("group")) ? ctx.state.get("group") : (known.includes("it") ? "it" : (known[0] ?? "")));
  const group = select({ label: t("group"), options: known.map((value) => ({ value, words: value })), value: chosen(), onChange: (value) => ctx.state.patch({ group: value }) });
  const place = h("div", { class: "stack" });
  panel.append(h("p", { class: "lead" }, t("modes_intro")), h("div", { class: "controls" }, group.element), place);
  let drawn: { key: string; answer: ModesAnswer; tiles: Figure; card: HTMLElement } | null = null;
  return (signal) => {
    const query = { ...asked(kit), group: chosen() } as Record<string, string>;
    const key = address(PATH, query);
    if (drawn?.key === key && drawn.card.isConnected) {
      const card = proof(kit, drawn.answer, chosen(), query);
      drawn.card.replaceWith(card);
      drawn.tiles.set(map(kit, drawn.answer, chosen(), query));
      drawn.card = card;
      card.focus({ preventScroll: true });
      return Promise.resolve();
    }
    return ctx.load<ModesAnswer>(
      place,
      PATH,
      query,
      (answer) => {
        group.set(chosen(), known.map((value) => ({ value, words: ctx.say(answer.titles.group[value] ?? value) })));
        kit.panel.show(answer.about);
        const tiles = figure(ctx, map(kit, answer, chosen(), query));
        const card = proof(kit, answer, chosen(), query);
        drawn = { key, answer, tiles, card };
        return [
          tiles.element,
          card,
          h("div", { class: "figures" }, overWindows(kit, answer, "own", query), overWindows(kit, answer, "all", query), transitions(kit, answer, "own", query), transitions(kit, answer, "all", query), countries(kit, answer, query)),
          ...(answer.undefined.length > 0 ? [notice("info", h("strong", {}, t("lost")), h("ul", {}, answer.undefined.map((text) => h("li", {}, text))))] : []),
        ];
      },
      signal,
    );
  };
};
