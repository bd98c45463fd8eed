/** What the analyst came for, in four short answers: how much, against whom, since when, by which services. */

import { h, type Child } from "../../dom";
import { number, quantity } from "../../format";
import { rankOf } from "./data";
import { countryName } from "./names";
import type { GroupShare } from "./services";
import { ranked, when, type Shown } from "./views";

const TOP = 3;

function card(question: string, big: string, ...lines: Child[]): HTMLElement {
  return h("li", { class: "card headline" }, h("h2", {}, question), h("p", { class: "figure-number" }, big), lines);
}

function line(words: Child): Child {
  return words && h("p", {}, words);
}

export function answers(shown: Shown, band: string, why: string, services: { shares: readonly GroupShare[]; additive: boolean; of: string; services: boolean } | null, late: "by.which" | "by.inputs" | null): HTMLElement {
  const { ctx, t, panel, slice, about } = shown;
  const { unit } = about;
  const place = countryName(ctx, slice.country);
  const value = panel.value(slice.country, slice.year);
  const say = (one: number | null) => number(one, unit, ctx.lang);
  const column = ranked(shown, slice.year);
  const rank = rankOf(column, slice.country);
  const [first, last, middle] = [column[0], column[column.length - 1], column[Math.floor((column.length - 1) / 2)]];
  const named = (one: { country: string; value: number } | undefined) => (one === undefined ? "–" : `${countryName(ctx, one.country)} ${say(one.value)}`);
  const own = panel.years.flatMap((year) => {
    const found = panel.value(slice.country, year);
    return found === null ? [] : [{ year, value: found }];
  });
  const start = own[0];
  const peak = own.reduce<(typeof own)[number] | undefined>((best, one) => (best === undefined || one.value > best.value ? one : best), undefined);
  const change = start === undefined || value === null ? null : value - start.value;
  const rankThen = start === undefined ? null : rankOf(ranked(shown, start.year), slice.country);
  const size = (one: number) => number(Math.abs(one), unit, ctx.lang).replace(/ %$/, t("points"));
  const signed = (one: number) => `${one > 0 ? "+" : one < 0 ? "−" : ""}${size(one)}`;
  const cards = [
    card(t("how.much"), value === null ? ctx.t("table.undefined") : quantity(value, unit, ctx.lang), line(when(place, slice.year)), line(shown.title), value === null && line(why), line(band)),
  ];
  const ordered = unit !== "class";
  if (ordered && column.length > 1)
    cards.push(
      card(
        t("against.whom"),
        rank === null ? "–" : t("rank.short", { rank, count: column.length }),
        line(t("against.ends", { first: named(first), last: named(last), middle: named(middle) })),
        slice.others.length > 0 && line(slice.others.map((code) => `${countryName(ctx, code)} ${say(panel.value(code, slice.year))}`).join(", ")),
      ),
    );
  if (ordered && own.length > 1 && start !== undefined && peak !== undefined)
    cards.push(
      card(
        t("since.when"),
        change === null ? "–" : t("since.change", { change: signed(change), year: start.year }),
        line(t("since.first", { year: start.year, value: say(start.value), now: slice.year, today: say(value) })),
        line(t("since.peak", { year: peak.year, value: say(peak.value) })),
        column.length > 1 && rankThen !== null && rank !== null && line(t("since.rank", { year: start.year, then: rankThen, rank, now: slice.year })),
      ),
    );
  if (services !== null && services.shares.length > 1) {
    const total = services.shares.reduce((sum, one) => sum + one.value, 0);
    const [top, ...rest] = services.shares.slice(0, TOP);
    const words = (one: GroupShare) => (services.additive && total > 0 ? `${one.name} ${say(one.value)} (${number(one.value / total, "share", ctx.lang)})` : `${one.name} ${say(one.value)}`);
    cards.push(card(t(services.services ? "by.which" : "by.inputs"), top?.name ?? "–", line(top && words(top)), line(rest.map(words).join(", ")), services.additive && line(t("by.total", { total: say(total), of: services.of }))));
  }
  if (services === null && late !== null) cards.push(h("li", { class: "card headline", "aria-busy": "true" }, h("h2", {}, t(late)), h("div", { class: "pending", role: "status" }, h("progress", { "aria-label": ctx.t("pending.working") }), h("span", {}, ctx.t("pending.working")))));
  return h("ul", { class: "cards answers", "aria-label": t("answers") }, cards);
}
