/** Names of what the numbers are about, in the reader's language. */

import type { Context } from "../../page";
import type { Option } from "../../parts/select";
import { families, type Say } from "../../text/measure";
import type { Grouping, MeasureInfo, MeasureOption } from "../../types";
import { accepts, isHeld, isStored, optionOf, type LabelName, type Question, type Scope } from "./question";

type Naming = Pick<Context, "study" | "say">;

const LONG = 56;

export function countryName(ctx: Naming, code: string): string {
  return ctx.say(ctx.study.countries.find((one) => one.code === code)?.name ?? code);
}

export function groupingOf(ctx: Naming, name: string | undefined): Grouping | undefined {
  return ctx.study.groupings.find((one) => one.name === name);
}

function plain(code: string): string {
  return code.replaceAll("_", " ");
}

function industryName(ctx: Naming, source: string, code: string): string {
  const known = ctx.study.industries[source]?.find((one) => one.code === code);
  const title = known === undefined ? code : ctx.say(known.title);
  return title === code ? code : `${code} ${title.replace(/^Manufacture of /, "").replace(/^./, (sign) => sign.toUpperCase())}`;
}

function groupName(ctx: Naming, grouping: string | undefined, code: string): string {
  const group = groupingOf(ctx, grouping)?.groups.find((one) => one.code === code);
  return group === undefined ? plain(code) : ctx.say(group.title);
}

/** A label of a question as people say it. */
export function labelName(ctx: Context, question: Question, kind: LabelName, code: string): string {
  const { options, source } = question;
  if (kind === "partner") return countryName(ctx, code);
  if (kind === "part") return ctx.say(ctx.study.parts?.[code] ?? plain(code));
  const by = options["by"] ?? "industry";
  if (kind === "group" && options["grouping"] !== undefined) return groupName(ctx, options["grouping"], code);
  return by === "industry" ? industryName(ctx, source, code) : groupName(ctx, by, code);
}

export function short(text: string, most = LONG): string {
  return text.length <= most ? text : `${text.slice(0, most - 1).trimEnd()}…`;
}

export function familyName(ctx: Pick<Context, "lang">, family: string): string {
  return families[ctx.lang][family] ?? plain(family);
}

export function wholeName(t: Say): Readonly<Record<string, string>> {
  return { industry: t("each"), economy: t("economy") };
}

/** Groupings of services, beside the definitions of producer services. */
const SERVICES = ["services", "kiet", "chain_level", "porter", "kibs", "kibs_types", "amiti_wei", "ps_fractional", "ps_threshold50"];

export function isOfServices(ctx: Naming, grouping: string): boolean {
  return SERVICES.includes(grouping) || ctx.study.definitions.includes(grouping);
}

/** What is counted: definitions of services first, then inputs of other kinds; of each what the study holds first. */
export function definitionOptions(ctx: Context, t: Say, question: Question, option: MeasureOption): Option[] {
  const all = groupingOptions(ctx, t, question, option);
  const of = (services: boolean) => all.filter((one) => isOfServices(ctx, one.value) === services).map((one) => ({ ...one, group: [t(services ? "kind.services" : "kind.other"), one.group].filter(Boolean).join(" · ") }));
  return [...of(true), ...of(false)];
}

/** Label of the control that says what is counted. */
export function definitionLabel(ctx: Naming, t: Say, question: Question): string {
  if (question.info.name === "intermediate_sales_share") return t("sales.to");
  return t(isOfServices(ctx, question.options["grouping"] ?? "") ? "definition" : "inputs.from");
}

/** Values of an option that takes a grouping, those of the study first. */
export function groupingOptions(ctx: Context, t: Say, question: Question, option: MeasureOption, names?: readonly string[]): Option[] {
  const all = (names ?? ctx.study.groupings.map((one) => one.name)).filter((name) => accepts(ctx.study, question.info, option, name));
  const current = question.options[option.name] ?? "";
  const words = (name: string) => wholeName(t)[name] ?? ctx.say(groupingOf(ctx, name)?.title ?? plain(name));
  const held = (name: string) => isHeld(question, { [option.name]: name });
  return arranged(ctx, t, question, [...new Set([...all, current])].map((value) => ({ value, words: words(value) })), held);
}

/** Those the study holds first, under a head; the others say that they are computed, or are left out where nothing is. */
export function arranged(ctx: Context, t: Say, question: Question, options: readonly Option[], held: (value: string) => boolean): Option[] {
  if (question.table) return [...options];
  const own = options.filter((one) => held(one.value)).map((one) => ({ ...one, group: t("held") }));
  const others = ctx.study.live.tables ? options.filter((one) => !held(one.value)).map((one) => ({ ...one, group: t("now") })) : [];
  return [...own, ...others];
}

/** One list of all industries and groups of industries a measure can be taken of. */
export function industryOptions(ctx: Context, t: Say, question: Question, scope: Scope): Option[] {
  const { info, options, source } = question;
  const by = options["by"];
  if (by === undefined) return (scope.labels.industry ?? []).map((code) => ({ value: code, words: labelName(ctx, question, "industry", code) }));
  const ways = new Set(["manufacturing", "services", "economy", "technology", "industry", by, ...info.computed.map((one) => String(one.options["by"]))]);
  const option = optionOf(info, "by");
  const can = [...ways].filter((way) => (option === undefined || accepts(ctx.study, info, option, way)) && (question.table !== "" || ctx.study.live.tables || isHeld(question, { by: way })));
  return can.flatMap((way) => {
    const held = isHeld(question, { by: way });
    const head = [wholeName(t)[way] ?? ctx.say(groupingOf(ctx, way)?.title ?? plain(way)), !held && !question.table ? `(${t("now")})` : ""].filter(Boolean).join(" ");
    return codesOf(ctx, way, source, way === by ? scope : null).map((code) => ({
      value: `${way}|${code}`,
      words: way === "economy" ? t("economy") : way === "industry" ? industryName(ctx, source, code) : groupName(ctx, way, code),
      group: head,
    }));
  });
}

function codesOf(ctx: Naming, way: string, source: string, scope: Scope | null): readonly string[] {
  if (scope?.labels.industry !== undefined) {
    const all = ctx.study.industries[source]?.map((one) => one.code) ?? [];
    const here = scope.labels.industry;
    return way === "industry" ? [...here, ...all.filter((code) => !here.includes(code))] : here;
  }
  if (way === "economy") return ["economy"];
  if (way === "industry") return ctx.study.industries[source]?.map((one) => one.code) ?? [];
  return groupingOf(ctx, way)?.groups.map((one) => one.code) ?? [];
}

export function measureOptions(ctx: Context): { info: MeasureInfo; words: string; family: string; held: boolean }[] {
  return ctx.study.measures
    .filter((one) => isStored(one) || (ctx.study.live.tables && (one.lacks ?? []).length === 0))
    .map((info) => ({ info, words: ctx.say(info.title), family: familyName(ctx, info.family), held: isStored(info) }));
}
