/** Names of places, industries and boxes; sizes of bubbles. */

import { h } from "../../dom";
import type { Row } from "../../frames";
import type { Context } from "../../page";
import type { AboutPanel } from "../../parts/about";
import { scaleOfPage } from "../../parts/echarts";
import { select } from "../../parts/select";
import type { Say } from "../../text/chains";
import type { Colours } from "../../theme";
import type { About } from "../../types";

export interface Industry {
  readonly code: string;
  readonly title: string;
  /** null where the table does not name its services. */
  readonly service: boolean | null;
}

/** What can be chosen from: a source of the study, or a table this session brought along. */
export interface Shelf {
  /** Id of the session's table; "" for the study's. */
  readonly table: string;
  readonly source: string;
  readonly title: string;
  readonly countries: readonly string[];
  readonly years: readonly number[];
  readonly industries: readonly Industry[];
}

/** What the four views share. */
export interface View {
  readonly ctx: Context;
  readonly t: Say;
  readonly panel: AboutPanel;
  readonly narrow: boolean;
  /** Pixels there are for a figure. */
  readonly width: () => number;
  readonly shelf: () => Shelf;
}

type Key = Parameters<Say>[0];

const ROOM = 0.25;

export function countryName(ctx: Context, code: string): string {
  return ctx.say(ctx.study.countries.find((one) => one.code === code)?.name ?? code);
}

/** Ends a title: neither of an own table without a country and a year. */
export function placeOf(ctx: Context, country: string, year: number | null): string {
  return [countryName(ctx, country), year].flatMap((part) => (part === null || part === "" ? [] : [`, ${part}`])).join("");
}

/** Code and title, in the page's language where it is known. */
export function industryName(view: View, code: string, title = code): string {
  const words = view.shelf().industries.find((one) => one.code === code)?.title ?? title;
  return words === code ? code : `${code} ${words}`;
}

/** Services, the others, and industries of tables that do not say which are services: those that `rows` have. */
export function kindsOf(view: View, rows: readonly Row[]): { name: string; is: (row: Row) => boolean; colour: (colours: Colours) => string }[] {
  const { t } = view;
  return [
    { name: t("services"), is: (row: Row) => row["service"] === true, colour: (colours: Colours) => colours.service },
    { name: t("goods"), is: (row: Row) => row["service"] === false, colour: (colours: Colours) => colours.goods },
    { name: t("unnamed"), is: (row: Row) => typeof row["service"] !== "boolean", colour: (colours: Colours) => colours.muted },
  ].filter(({ is }) => rows.some(is));
}

/** What the texts call a code that the server gives: a use, a stage, what is gathered. */
export function known(t: Say, stem: string, code: string, values: Record<string, string | number> = {}): string {
  return t(`${stem}.${code}` as Key, values);
}

/** Country and title of an industry's row; the country only where it is not the one asked about. */
export function rowName(view: View, row: Row, home: string): string {
  const title = industryName(view, String(row["industry"]), String(row["title"]));
  return row["country"] === home ? title : `${row["country"]} ${title}`;
}

/** A name short enough to stand beside a point. */
export function brief(name: string, most: number): string {
  return name.length <= most ? name : `${name.slice(0, most - 1).trimEnd()}…`;
}

/** Ticks a plain step apart that fall on both ends, with some room beyond the values. */
export function evenTicks(values: readonly number[], narrow: boolean): { min: number; max: number; interval: number } {
  if (values.length === 0) return { min: 0, max: 1, interval: 1 };
  const [low, high] = [Math.min(...values) - ROOM, Math.max(...values) + ROOM];
  const step = narrow || high - low > 6 ? 1 : 0.5;
  return { min: Math.floor(low / step) * step, max: Math.ceil(high / step) * step, interval: step };
}

/** All names of a legend in as many lines as they need, and the room the plot leaves them. */
export function wholeLegend(names: readonly string[], across: number) {
  const scale = scaleOfPage();
  const wide = (name: string) => [...name].reduce((sum, sign) => sum + (sign > "\u1100" ? 12 : 6.8), 36) * scale;
  let [lines, used] = [1, 0];
  for (const name of names) {
    if (used > 0 && used + wide(name) > across) [lines, used] = [lines + 1, 0];
    used += wide(name);
  }
  return { legend: { type: "plain" as const, itemGap: 8 * scale }, top: 18 + 22 * lines };
}

/** Radius so that areas are as values; the largest has `most` pixels. */
export function radius(value: number, largest: number, most: number): number {
  return largest > 0 ? Math.max(4, most * Math.sqrt(Math.max(0, value) / largest)) : 4;
}

/** Chooses which of the numbers in a figure the panel explains: that one is shown under the pointer. */
export function explained(view: View, abouts: Readonly<Record<string, About>>): { element: HTMLElement; point: (place: string, said: Readonly<Record<string, string>>) => void } {
  const names = Object.keys(abouts);
  const words = (name: string) => (name === "share" ? view.t("earned") : view.t(name as Key));
  let shown = names[0] ?? "";
  const show = (name: string) => {
    const about = abouts[name];
    shown = name;
    if (about !== undefined) view.panel.show(about);
    view.panel.point(null);
  };
  const control = select({ label: view.t("explained"), options: names.map((name) => ({ value: name, words: words(name) })), value: shown, onChange: show });
  show(shown);
  return { element: h("div", { class: "controls" }, control.element), point: (place, said) => view.panel.point({ label: `${place} · ${words(shown)}`, value: said[shown] ?? "" }) };
}
