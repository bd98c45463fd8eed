/** The other measure of a scatter: which there are, which one begins, how it is written. */

import type { Context } from "../../page";
import type { Option } from "../../parts/select";
import type { Say } from "../../text/measure";
import type { Labels, MeasureInfo, Study } from "../../types";
import { groupingOf, isOfServices, short, wholeName } from "./names";
import { ADDITIVE, ALL, defaults, LABELS, usualIndustry, variants, type Options, type Question, type Slice } from "./question";

export interface Second {
  readonly info: MeasureInfo;
  readonly options: Options;
  readonly only: string;
  readonly group: string;
}

export interface Offered {
  readonly second: Second;
  readonly held: boolean;
  readonly option: Option;
}

/** `name;by=manufacturing;grouping=services`: a measure with options in one text. */
export function written(one: Second & { readonly labels?: Readonly<Record<string, string>> }): string {
  const pairs = Object.entries({ ...one.options, only: one.only, group: one.group, ...one.labels });
  return [one.info.name, ...pairs.flatMap(([name, value]) => (value === "" ? [] : [`${name}=${value}`]))].join(";");
}

export function secondOf(ctx: Context, text: string): Second | null {
  const [name, ...parts] = text.split(";");
  const info = ctx.study.measures.find((one) => one.name === name);
  if (info === undefined) return null;
  const pairs: Record<string, string> = Object.fromEntries(parts.map((part) => part.split(/=(.*)/s).slice(0, 2)));
  const { only = "", group = "", ...options } = pairs;
  return { info, options: { ...defaults(info), ...options }, only, group };
}

/** Other measures of the same industries, or of a whole sector. */
export function secondOptions(ctx: Context, t: Say, question: Question): Offered[] {
  const by = question.options["by"];
  const fits = (other: string | undefined) => other === undefined || other === by || other === "manufacturing" || other === "economy";
  const held = ctx.study.measures.flatMap((info) =>
    variants(info)
      .filter((one) => fits(one.options["by"]))
      .flatMap((one) => {
        const groups = groupingOf(ctx, one.options["grouping"])?.groups ?? [];
        const sums = ADDITIVE.has(info.name) && isOfServices(ctx, one.options["grouping"] ?? "");
        const each = groups.length > 1 ? [...(sums ? [ALL] : []), ...groups.map((group) => group.code)] : [""];
        return each.map((group) => ({ info, options: one.options, only: one.only, group }));
      }),
  );
  const here = (info: MeasureInfo) => held.some((one) => one.info === info && (by === undefined || one.options["by"] === by));
  const now = ctx.study.live.tables
    ? ctx.study.measures
        .filter((info) => !here(info) && (info.lacks ?? []).length === 0 && info.options.some((one) => one.name === "by"))
        .map((info) => ({ info, options: { ...defaults(info), by: by ?? "manufacturing" }, only: "", group: "" }))
    : [];
  const row = (second: Second, held: boolean) => ({ second, held, option: { value: written(second), words: wordsOf(ctx, t, second), group: t(held ? "held" : "now") } });
  return [...held.map((one) => row(one, true)), ...now.map((one) => row(one, false))];
}

/** The other measure to begin with: of the same industries and services if the study holds one. */
export function usualSecond(question: Question, slice: Slice, offered: readonly Offered[]): Second | undefined {
  const kin = offered.filter((one) => one.held && one.second.info !== question.info).map((one) => one.second);
  const same = kin.filter((one) => one.options["by"] === question.options["by"]);
  const group = slice.summed ? ALL : (slice.labels.group ?? "");
  const whole = (all: readonly Second[]) => ["", group, ALL].flatMap((wanted) => all.find((one) => one.group === wanted) ?? [])[0] ?? all[0];
  const own = written({ info: question.info, options: question.options, only: question.only, group: "" });
  return whole(same) ?? whole(kin) ?? (offered.find((one) => one.option.value !== own) ?? offered[0])?.second;
}

/** Labels of the other measure: those of the first where it has them, else where one begins. */
export function labelsOf(study: Study, question: Question, second: Second, slice: Slice, known: Labels): Readonly<Record<string, string>> {
  const wanted: Readonly<Record<string, string>> = { ...slice.labels, ...(second.group ? { group: second.group } : {}) };
  return Object.fromEntries(
    LABELS.flatMap((name) => {
      const all = known[name];
      if (all === undefined || (name === "group" && second.group === ALL)) return [];
      const usual = name === "industry" ? usualIndustry(study, question.source, all) : undefined;
      const label = all.find((one) => one === wanted[name]) ?? usual ?? all[0];
      return label === undefined ? [] : [[name, label]];
    }),
  );
}

/** The title with the options that are not the usual ones. */
export function wordsOf(ctx: Context, t: Say, { info, options, group }: Second, withBy = true): string {
  const usual = defaults(info);
  const said = Object.entries(options).flatMap(([name, value]) => {
    const option = info.options.find((one) => one.name === name);
    if (name === "by" || (usual[name] === value && name !== "grouping")) return [];
    if (name === "grouping") {
      const grouping = groupingOf(ctx, value);
      const one = grouping?.groups.find((code) => code.code === group);
      return [short(ctx.say(one?.title ?? grouping?.title ?? value), 40), ...(group === ALL ? [t("group.all")] : [])];
    }
    return [`${ctx.say(option?.title)}: ${ctx.say(option?.titles?.[value] ?? value)}`];
  });
  const by = options["by"];
  if (by !== undefined && withBy) said.push(wholeName(t)[by] ?? ctx.say(groupingOf(ctx, by)?.title ?? by));
  return said.length > 0 ? `${ctx.say(info.title)} (${said.join(", ")})` : ctx.say(info.title);
}
