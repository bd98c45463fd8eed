import { address } from "../../api";
import { h } from "../../dom";
import { rowsOf, type Row } from "../../frames";
import { figure } from "../../parts/chart";
import { slider } from "../../parts/slider";
import type { Cell } from "../../types";
import { byControl } from "./community";
import { absent, asked, brief, byOf, CODES, counted, relationColour, relationWords, signs, titled, yearOf, type Build, type Kit, type MutualismAnswer } from "./kit";
import { tileOption, tilePixels } from "./tiles";

const PATH = "interaction/mutualism";

interface Spec {
  readonly title: string;
  readonly name: string;
  readonly query: Record<string, string>;
  /** What the lines of the matrix are: countries, years. */
  readonly line: (row: Row) => string;
  readonly lines: (names: readonly string[]) => readonly string[];
  readonly words: string;
  readonly marked?: (line: string) => boolean;
  readonly pick?: (row: Row) => void;
}

function pairs(kit: Kit, answer: MutualismAnswer, spec: Spec): HTMLElement {
  const { ctx, t, panel } = kit;
  const rows = rowsOf(answer);
  const name = (code: Cell | undefined) => brief(titled(kit, answer.titles, String(code)));
  const pair = (row: Row) => `${name(row["node"])} – ${name(row["other"])}`;
  const columns = [...new Set(rows.map(pair))];
  const lines = spec.lines([...new Set(rows.map(spec.line))]);
  const sure = (row: Row) => row["robust"] !== false;
  const shown = (row: Row) => (sure(row) ? signs(row["code"]) : `(${signs(row["code"])})`);
  return figure(ctx, {
    title: spec.title,
    note: [t("matrix_note"), "robust" in answer.columns && t("robust_note"), t("ecology_word")].filter(Boolean).join(" "),
    words: spec.words,
    name: spec.name,
    about: answer.about,
    data: address(PATH, spec.query),
    pixels: tilePixels(lines.length, 290, 22),
    option: () =>
      tileOption(ctx, {
        columns,
        rows: lines,
        upright: true,
        ...(spec.marked ? { marked: spec.marked } : {}),
        kinds: CODES.map((code) => ({ id: String(code), words: `${signs(code)} ${relationWords(kit, code)}`, colour: relationColour(kit, code) })),
        tiles: rows
          .filter((row) => row["code"] !== null)
          .map((row) => ({
            x: columns.indexOf(pair(row)),
            y: lines.indexOf(spec.line(row)),
            kind: String(row["code"]),
            text: shown(row),
            words: `${spec.line(row)} · ${pair(row)}\n${relationWords(kit, row["code"])} ${shown(row)}`,
          })),
      }),
    onPick: (hit) => {
      const [x, y] = hit.value as [number, number];
      const row = rows.find((one) => columns.indexOf(pair(one)) === x && lines.indexOf(spec.line(one)) === y);
      if (row !== undefined) spec.pick?.(row);
    },
    onPoint: (hit) => {
      const [label = "", value = ""] = hit?.name.split("\n") ?? [];
      if (hit !== null) panel.show(answer.about);
      panel.point(hit === null ? null : { label, value });
    },
    table: {
      caption: spec.title,
      rows: rows.map((row) => ({ ...row, line: spec.line(row), pair: pair(row) })),
      ...(spec.pick ? { onPick: spec.pick } : {}),
      columns: [
        { key: "line", title: spec.pick ? t("country") : t("year") },
        { key: "pair", title: t("pair") },
        { key: "code", title: t("relation"), show: (value) => `${relationWords(kit, value)} (${signs(value)})` },
        ...("by_industry" in answer.columns ? [{ key: "by_industry", title: t("by_industry"), show: (value: Cell) => relationWords(kit, value) }] : []),
      ],
    },
  }).element;
}

export const mutualism: Build = (kit, panel) => {
  const { ctx, t, holds } = kit;
  if (holds.community.choices.length === 0) {
    panel.append(absent(kit, "absent_community"));
    return () => Promise.resolve();
  }
  const by = byControl(kit);
  const year = slider(ctx, { label: t("year"), values: kit.years(), value: yearOf(kit), play: true, onChange: (value) => ctx.state.patch({ year: value }, { replace: true }) });
  const every = h("div", { class: "stack" });
  const own = h("div", { class: "stack" });
  panel.append(h("div", { class: "controls" }, by.element, year.element), every, own);
  return async (signal) => {
    by.set(byOf(kit));
    year.set(yearOf(kit), kit.years());
    const { source, country } = kit.at();
    const network = { source, by: byOf(kit) };
    const there = { ...network, year: String(yearOf(kit)) };
    const here = { ...asked(kit), ...network } as Record<string, string>;
    const place = kit.place(country);
    await ctx.load<MutualismAnswer>(
      every,
      PATH,
      there,
      (answer) => {
        kit.panel.show(answer.about);
        const codes = rowsOf(answer).map((row) => row["code"]);
        const count = new Set(answer.columns["country"]).size;
        return pairs(kit, answer, {
          title: t("matrix_title", { year: yearOf(kit) }),
          name: `mutualism-${byOf(kit)}`,
          query: there,
          words: t("matrix_words", { countries: count, pairs: codes.length / Math.max(1, count), counts: counted(kit, codes) }),
          line: (row) => kit.place(String(row["country"])),
          lines: (names) => [...names].sort((a, b) => a.localeCompare(b, ctx.lang)),
          marked: (line) => line === place,
          pick: (row) => ctx.state.patch({ country: String(row["country"]) }),
        });
      },
      signal,
    );
    await ctx.load<MutualismAnswer>(
      own,
      PATH,
      here,
      (answer) =>
        pairs(kit, answer, {
          title: t("years_title", { country: place }),
          name: `mutualism-${byOf(kit)}-${country}`,
          query: here,
          words: counted(kit, rowsOf(answer).map((row) => row["code"])),
          line: (row) => String(row["year"]),
          lines: (names) => [...names].sort(),
          marked: (line) => line === String(yearOf(kit)),
        }),
      signal,
    );
  };
};
