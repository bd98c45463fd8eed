/** A number for each country and industry (or service group, or year). */

import type { EChartsOption } from "echarts";
import { address, type Query } from "../../api";
import { h } from "../../dom";
import { number, quantity } from "../../format";
import { numeric, rowsOf } from "../../frames";
import type { Context } from "../../page";
import { plot } from "../../parts/axes";
import { figure, type Figure, type FigureSpec, type Hit } from "../../parts/chart";
import { scaleOfPage } from "../../parts/echarts";
import { select } from "../../parts/select";
import type { MeasureAnswer } from "../../types";
import { add } from "./data";
import type { Drawn } from "./drawn";
import { countryName, labelName } from "./names";
import { baseQuery, findVariant, measurePath, type Question, type Scope, type Slice } from "./question";
import { subjectAcross, unitWords, type Place, type Shown } from "./views";

export type Across = "industry" | "group" | "year";

export interface Plan {
  readonly across: Across;
  readonly question: Question;
  readonly query: Query;
}

/** What can stand across, and the question that gives it. */
export function plans(ctx: Context, question: Question, scope: Scope, slice: Slice): Plan[] {
  const live = ctx.study.live.tables || question.table !== "";
  const { info, options } = question;
  const chosen = { ...slice.labels };
  const found: Plan[] = [];
  const year = slice.year === 0 ? {} : { year: slice.year };
  const plan = (across: Across, other: Question, rest: Query) => found.push({ across, question: other, query: { ...baseQuery(other), ...rest } });
  const { industry: _industry, ...noIndustry } = chosen;
  const { group: _group, ...noGroup } = chosen;
  if ((scope.labels.industry?.length ?? 0) > 1) plan("industry", question, { ...noIndustry, ...year });
  else if (options["by"] !== undefined) {
    const wanted = { ...options, by: "industry" };
    const held = question.table === "" ? findVariant(info, wanted) : null;
    if (held !== null || live) plan("industry", { ...question, options: wanted, only: held?.only ?? "", stored: held !== null }, { ...noIndustry, ...year });
  }
  if ((scope.labels.group?.length ?? 0) > 1) plan("group", question, { ...noGroup, ...year });
  plan("year", question, { ...chosen });
  return found;
}

export function usualPlan(all: readonly Plan[], wanted: string): Plan | undefined {
  return all.find((one) => one.across === wanted) ?? all.find((one) => one.question.stored) ?? all[0];
}

const ROW = 17;

export function heat(shown: Shown, plan: Plan, answer: MeasureAnswer, pick: (place: Place, question: Question) => void): FigureSpec {
  const { ctx, t, slice } = shown;
  const unit = answer.about.unit;
  const column = plan.across;
  const rows = rowsOf(answer);
  const codes = [...new Set(rows.map((row) => String(row[column] ?? "")))];
  const cells = new Map<string, number | null>();
  for (const row of rows) add(cells, `${row["country"]}|${row[column]}`, numeric(row["value"]), slice.summed && column !== "group");
  const countries = [...new Set(rows.map((row) => String(row["country"])))];
  const mean = (code: string) => {
    const own = codes.flatMap((one) => cells.get(`${code}|${one}`) ?? []);
    return own.reduce((sum, one) => sum + one, 0) / Math.max(1, own.length);
  };
  const order = new Map(countries.map((code) => [code, mean(code)]));
  const down = [...countries].sort((a, b) => (order.get(a) ?? 0) - (order.get(b) ?? 0));
  const known = [...cells.values()].flatMap((one) => one ?? []).sort((a, b) => a - b);
  const at = (share: number) => known[Math.min(known.length - 1, Math.floor(share * known.length))] ?? 0;
  const [min, max] = known.length > 50 ? [at(0.02), at(0.98)] : [at(0), at(1)];
  const signed = min < 0 && max > 0;
  const end = Math.max(Math.abs(min), Math.abs(max));
  const name = (code: string) => (column === "year" ? code : labelName(ctx, plan.question, column, code));
  const axisName = (code: string) => (column === "industry" && name(code).startsWith(code) ? code : name(code));
  const data = down.flatMap((country, y) => codes.map((code, x) => [x, y, cells.get(`${country}|${code}`) ?? "-"]));
  const place = (hit: Hit | null) => {
    const value = hit?.value as [number, number, unknown] | undefined;
    const [country, code] = [down[value?.[1] ?? -1], codes[value?.[0] ?? -1]];
    return country === undefined || code === undefined ? null : { country, code, value: cells.get(`${country}|${code}`) ?? null };
  };
  const open = (country: string, code: string) =>
    pick({ country, year: column === "year" ? Number(code) : slice.year, ...(column === "industry" ? { industry: code } : {}), ...(column === "group" ? { group: code } : {}) }, plan.question);
  const title = t(`heat.${column}`, { year: slice.year });
  const narrow = innerWidth < 700;
  return {
    title,
    note: [unitWords(ctx, answer.about), ctx.say(answer.about.words), known.length > 50 ? t("heat.note", { low: number(min, unit, ctx.lang), high: number(max, unit, ctx.lang) }) : "", t("heat.order"), t("heat.empty")].filter(Boolean).join(" · "),
    name: `${answer.about.measure}-heat-${column}`,
    about: answer.about,
    subject: subjectAcross(shown, answer.about, plan.question, plan.query, column, column === "year" ? "" : slice.year),
    data: address(measurePath(plan.question), plan.query),
    pixels: 100 * scaleOfPage() + down.length * ROW * scaleOfPage(),
    table: {
      caption: title,
      columns: [{ key: "country", title: t("country") }, ...codes.map((code) => ({ key: code, title: name(code), unit, onPick: (row: Readonly<Record<string, unknown>>) => open(String(row["code"]), code) }))],
      rows: [...down].reverse().map((country) => ({ country: countryName(ctx, country), code: country, ...Object.fromEntries(codes.map((code) => [code, cells.get(`${country}|${code}`) ?? null])) })),
      marked: (row) => row["code"] === slice.country,
    },
    option: (colours): EChartsOption => ({
      grid: { ...plot({ top: 44 }), right: 8, show: true, backgroundColor: colours.missing, borderWidth: 0 },
      tooltip: {
        trigger: "item",
        formatter: (hit: unknown) => {
          const one = place(hit as Hit);
          return one === null ? "" : `${countryName(ctx, one.country)}\n${name(one.code)}\n${one.value === null ? ctx.t("table.undefined") : quantity(one.value, unit, ctx.lang)}`;
        },
      },
      xAxis: { type: "category", data: codes.map(axisName), splitArea: { show: false }, axisTick: { show: false }, axisLabel: { rotate: codes.length > 6 ? 60 : narrow ? 40 : 0, interval: 0, fontSize: 11 * scaleOfPage(), width: 110 * scaleOfPage(), overflow: "truncate", hideOverlap: codes.length > 25 || narrow } },
      yAxis: {
        type: "category",
        data: down.map((code) => (narrow ? code : countryName(ctx, code))),
        axisTick: { show: false },
        axisLabel: { interval: 0, fontSize: 11 * scaleOfPage(), color: ((_name?: string, index?: number) => (down[index ?? -1] === slice.country ? colours.marked : colours.muted)) as never },
      },
      visualMap: {
        type: "continuous",
        min: signed ? -end : min,
        max: signed ? end : max === min ? min + 1 : max,
        inRange: { color: [...(signed ? colours.diverging : colours.sequential)] },
        outOfRange: { color: [colours.missing] },
        orient: "horizontal",
        left: "center",
        top: 0,
        itemHeight: 150 * scaleOfPage(),
        itemWidth: 12 * scaleOfPage(),
        calculable: false,
        text: [number(signed ? end : max, unit, ctx.lang), number(signed ? -end : min, unit, ctx.lang)],
      },
      series: [
        {
          type: "heatmap",
          data: data.map((cell) => (typeof cell[2] === "number" ? { value: [cell[0], cell[1], Math.min(signed ? end : max, Math.max(signed ? -end : min, cell[2]))] } : { value: [cell[0], cell[1], "-"] })) as never,
          itemStyle: { borderColor: colours.panel, borderWidth: 1 },
          emphasis: { itemStyle: { borderColor: colours.ink, borderWidth: 1.5 } },
        },
      ],
    }),
    onPick: (hit) => {
      const one = place(hit);
      if (one !== null) open(one.country, one.code);
    },
    onPoint: (hit) => {
      const one = place(hit);
      shown.point(one === null ? null : { label: `${countryName(ctx, one.country)} · ${name(one.code)}${column === "year" ? "" : ` · ${slice.year}`}`, value: one.value === null ? ctx.t("table.undefined") : quantity(one.value, unit, ctx.lang) }, answer.about);
    },
  };
}

/** The heat map with the choice of what stands across. */
export function heatPart(drawn: Drawn): HTMLElement {
  const { ctx, t } = drawn;
  const place = h("div");
  const all = () => plans(ctx, drawn.question, drawn.scope, drawn.shown().slice);
  const words = (across: Across) => t(`across.${across}`);
  const offered = all().map((one) => ({ value: one.across, words: one.question.stored || one.question === drawn.question || drawn.question.table ? words(one.across) : `${words(one.across)} (${t("now")})` }));
  const chosen = usualPlan(all(), ctx.state.get("across"))?.across ?? "year";
  const control = select({ label: t("heat.across"), options: offered, value: chosen, onChange: (across) => ctx.state.patch({ across }) });
  let made: Figure | null = null;
  const load = () => {
    const plan = all().find((one) => one.across === chosen);
    if (plan === undefined) return;
    void ctx.load<MeasureAnswer>(
      place,
      measurePath(plan.question),
      plan.query,
      (answer) => {
        const spec = heat(drawn.shown(), plan, answer, (one, other) => drawn.pick(one, other));
        if (made !== null && place.contains(made.element)) made.set(spec);
        else {
          made = figure(ctx, spec);
          return made.element;
        }
        return;
      },
      drawn.signal,
    );
  };
  load();
  if (chosen !== "year") drawn.refresh.add(load);
  return h("div", { class: "stack" }, h("div", { class: "controls" }, control.element), place);
}
