/** Ranked: countries by one number, or the industries of one country. */

import { address } from "../../api";
import { h } from "../../dom";
import { quantity } from "../../format";
import { numeric, rowsOf } from "../../frames";
import type { FigureSpec } from "../../parts/chart";
import { select } from "../../parts/select";
import type { MeasureAnswer } from "../../types";
import { add, gapsOf, placeOf } from "./data";
import { figureOf, type Drawn } from "./drawn";
import { plans, type Plan } from "./heat";
import { countryName, groupingOf, labelName } from "./names";
import { measurePath } from "./question";
import { rankedBars, subjectAcross, ranking, unitWords, type Shown } from "./views";

const WAYS = ["countries", "industries"] as const;
type Way = (typeof WAYS)[number];

function industriesPlan(drawn: Drawn): Plan | undefined {
  const { ctx, question, scope } = drawn;
  const plan = plans(ctx, question, scope, drawn.shown().slice).find((one) => one.across === "industry");
  if (plan === undefined) return undefined;
  const { year: _year, ...rest } = plan.query;
  return { ...plan, query: { ...rest, country: drawn.shown().slice.country } };
}

export function canRank(drawn: Drawn): boolean {
  return drawn.scope.countries.length > 1 || industriesPlan(drawn) !== undefined;
}

/** The ranking with the choice of what is ranked. */
export function rankPart(drawn: Drawn): HTMLElement {
  const { ctx, t } = drawn;
  const plan = industriesPlan(drawn);
  const can = WAYS.filter((way) => (way === "countries" ? drawn.scope.countries.length > 1 : plan !== undefined));
  const way = can.find((one) => one === ctx.state.get("ranked")) ?? can[0];
  const words = (one: Way) => (one === "industries" && plan !== undefined && !isHere(drawn, plan) ? `${t(`ranked.${one}`)} (${t("now")})` : t(`ranked.${one}`));
  const control = select({ label: t("ranked"), options: can.map((one) => ({ value: one, words: words(one) })), value: way ?? "", onChange: (ranked) => ctx.state.patch({ ranked: ranked === "countries" ? undefined : ranked }) });
  const place = h("div", { class: "stack" });
  if (way === "industries" && plan !== undefined) load(drawn, plan, place);
  else place.append(figureOf(drawn, ranking));
  return h("div", { class: "stack" }, h("div", { class: "controls" }, control.element), place);
}

function isHere(drawn: Drawn, plan: Plan): boolean {
  return plan.question.stored || plan.question === drawn.question || plan.question.table !== "";
}

function load(drawn: Drawn, plan: Plan, place: HTMLElement): void {
  const { ctx, signal } = drawn;
  void ctx.load<MeasureAnswer>(place, measurePath(plan.question), plan.query, (answer) => figureOf(drawn, (shown) => industries(drawn, shown, plan, answer)), signal);
}

function industries(drawn: Drawn, shown: Shown, plan: Plan, answer: MeasureAnswer): FigureSpec {
  const { ctx, t, slice } = shown;
  const { about } = answer;
  const cells = new Map<string, number | null>();
  for (const row of rowsOf(answer)) if (Number(row["year"]) === slice.year) add(cells, String(row["industry"]), numeric(row["value"]), slice.summed);
  const name = (code: string) => labelName(ctx, plan.question, "industry", code);
  const known = [...cells].flatMap(([code, value]) => (value === null ? [] : [{ code, value }])).sort((a, b) => b.value - a.value);
  const bars = known.map(({ code, value }) => ({ code, name: name(code), value, rank: placeOf(known, value) }));
  const reasons = new Map(gapsOf(answer.undefined, ctx.lang).flatMap((one) => (one.year === slice.year ? [[one.label, one.reason]] : [])));
  const none = [...cells].flatMap(([code, value]) => (value === null ? [`${name(code)}${reasons.get(code) ? ` (${reasons.get(code)})` : ""}`] : []));
  const country = countryName(ctx, slice.country);
  const title = t("ranking.industries", { country, year: slice.year });
  const only = plan.question.only && t("ranked.only", { group: ctx.say(groupingOf(ctx, plan.question.only)?.title ?? plan.question.only) });
  const chosen = plan.question.options["by"] === drawn.question.options["by"] ? (slice.labels.industry ?? "") : "";
  return rankedBars(ctx, t, {
    title,
    note: [unitWords(ctx, about), ctx.say(about.words), only, none.length > 0 && t("ranked.none", { count: none.length, names: none.join("; ") })].filter(Boolean).join(" · "),
    name: `${about.measure}-industries-${slice.country}-${slice.year}`,
    about,
    subject: subjectAcross(shown, about, plan.question, plan.query, "industry"),
    data: address(measurePath(plan.question), { ...plan.query, year: slice.year }),
    bars,
    head: t("industry"),
    caption: `${ctx.say(about.title)} · ${title}`,
    unit: about.unit,
    year: slice.year,
    chosen,
    others: [],
    labels: true,
    place: (bar) => t("rank.industry", { rank: bar.rank, count: bars.length }),
    pick: (bar) => drawn.pick({ country: slice.country, year: slice.year, industry: bar.code }, plan.question),
    point: (bar) => shown.point(bar && { label: `${country} · ${bar.name} · ${slice.year}`, value: quantity(bar.value, about.unit, ctx.lang) }, about),
  });
}
