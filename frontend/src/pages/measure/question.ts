/** What is asked: a measure with its options, read from the address and settled from what the study holds. */

import type { Query } from "../../api";
import type { Context } from "../../page";
import type { Changes } from "../../state";
import type { Labels, MeasureInfo, MeasureOption, Study } from "../../types";

export type Options = Readonly<Record<string, string>>;

export interface Question {
  readonly info: MeasureInfo;
  readonly options: Options;
  readonly only: string;
  readonly source: string;
  readonly table: string;
  readonly stored: boolean;
}

/** What all rows of a question can be chosen by. */
export interface Scope {
  readonly labels: Labels;
  readonly countries: readonly string[];
  readonly years: readonly number[];
  readonly stored: boolean;
  /** The groups add up, so that all of them together can be looked at. */
  readonly sums?: boolean;
  /** Labels to begin with where not every combination of labels has a number. */
  readonly start?: Labelled;
}

type Labelled = Readonly<Partial<Record<LabelName, string>>>;

/** One slice: a label of each kind the measure has. */
export interface Slice {
  readonly country: string;
  readonly others: readonly string[];
  readonly labels: Labelled;
  /** 0 of a table without a year. */
  readonly year: number;
  /** All groups together: no group among the labels. */
  readonly summed: boolean;
}

export const LABELS = ["industry", "group", "part", "partner"] as const;
export type LabelName = (typeof LABELS)[number];

/** The choice of all groups together. */
export const ALL = "all";
/** Measures whose groups add up to the number for all of them. */
export const ADDITIVE: ReadonlySet<string> = new Set(["service_input_coefficient", "service_input_share", "service_content", "service_content_of_exports", "value_content", "outsourcing", "export_origin", "embodied_inputs"]);
/** Measures of two groups: each grouping they take is of one. */
const PAIRS: ReadonlySet<string> = new Set(["inducement_pair"]);
/** Measures of these families are of whole communities: every industry has to be in one group. */
const OF_COMMUNITIES = ["ecology", "organisation", "utility"];

const FIRST = ["service_input_coefficient", "service_input_share", "service_content", "convergence_rate"];
const WHOLES = ["manufacturing", "economy"];
/** Each industry, and all of them together. */
const EVERYBODY = ["industry", "economy"];
const ECONOMIES = ["CHN", "USA", "JPN", "DEU"];

export function isStored(info: MeasureInfo): boolean {
  return info.computed.length > 0;
}

export function optionNames(study: Study): string[] {
  return [...new Set(study.measures.flatMap((one) => one.options.map((option) => option.name)))];
}

function firstMeasure(study: Study): MeasureInfo | undefined {
  const stored = study.measures.filter(isStored);
  const first = (all: readonly MeasureInfo[]) => FIRST.flatMap((name) => all.filter((one) => one.name === name))[0];
  return first(stored) ?? stored[0] ?? first(study.measures) ?? study.measures[0];
}

function texts(options: Readonly<Record<string, unknown>>): Options {
  return Object.fromEntries(Object.entries(options).map(([name, value]) => [name, String(value)]));
}

export function defaults(info: MeasureInfo): Options {
  return Object.fromEntries(info.options.map((one) => [one.name, String(one.default ?? "")]));
}

function agrees(options: Options, wanted: Options): boolean {
  return Object.entries(wanted).every(([name, value]) => options[name] === value);
}

export interface Variant {
  readonly options: Options;
  readonly only: string;
}

export function variants(info: MeasureInfo): Variant[] {
  return info.computed.map((one) => ({ options: texts(one.options), only: one.only ?? "" }));
}

/** Of the stored variants that agree with what is wanted: a whole sector, all services, the usual options. */
function preferred(info: MeasureInfo, wanted: Options, only: string | null): Variant | null {
  const usual = defaults(info);
  const score = ({ options, only: part }: Variant) => {
    const by = options["by"];
    const whole = by === undefined ? 0 : WHOLES.includes(by) ? 40 - 5 * WHOLES.indexOf(by) : 0;
    const plain = Object.entries(options).filter(([name, value]) => name !== "by" && usual[name] === value).length;
    return whole + 2 * plain + (part === "" ? 1 : 0);
  };
  const fitting = variants(info).filter((one) => agrees(one.options, wanted) && (only === null || one.only === only));
  return fitting.sort((a, b) => score(b) - score(a))[0] ?? null;
}

/** Definitions under which the study holds what is asked, all else the same. */
export function heldDefinitions({ info, options, only }: Question): Set<string> {
  const { grouping: _grouping, ...rest } = options;
  return new Set(variants(info).flatMap((one) => (one.only === only && agrees(one.options, rest) ? [one.options["grouping"] ?? ""] : [])));
}

export function findVariant(info: MeasureInfo, options: Options, only: string | null = null): Variant | null {
  return preferred(info, options, only);
}

/** Whether an option can have this value, as far as the study says. */
export function accepts(study: Study, info: MeasureInfo, option: MeasureOption, value: string): boolean {
  const { name, choices, kind, takes } = option;
  const held = () => info.computed.some((one) => String(one.options[name]) === value);
  if (choices && choices.length > 0) return choices.map(String).includes(value);
  if (kind === "int" || kind === "float") return value !== "" && Number.isFinite(Number(value));
  return !takes || known(study, info, option).includes(value) || held();
}

/** Groupings an option takes, and the words it takes besides. */
function known(study: Study, info: MeasureInfo, option: MeasureOption): string[] {
  if (PAIRS.has(info.name)) return study.groupings.filter((one) => one.groups.length === 1).map((one) => one.name);
  return [...(option.name === "by" ? EVERYBODY : []), ...[option.words].flat(), ...study.groupings.map((one) => one.name)];
}

export function acceptsOnly(study: Study, info: MeasureInfo, only: string): boolean {
  return only === "" || study.groupings.some((one) => one.name === only) || info.computed.some((one) => one.only === only);
}

/** Of the study, or of a table the session brought, which `ctx.study` is then of. */
export function ask(ctx: Context, table = ""): Question | null {
  const { study, state } = ctx;
  const info = study.measures.find((one) => one.name === state.get("name")) ?? firstMeasure(study);
  if (info === undefined) return null;
  const wanted: Record<string, string> = {};
  for (const option of info.options) {
    const value = state.view.params[option.name];
    if (value !== undefined && accepts(study, info, option, value)) wanted[option.name] = value;
  }
  const only = "only" in state.view.params && acceptsOnly(study, info, state.get("only")) ? state.get("only") : null;
  const held = preferred(info, wanted, only);
  const sources = study.sources.map((one) => one.name);
  return {
    info,
    options: held?.options ?? { ...usual(study, info), ...wanted },
    only: held?.only ?? only ?? "",
    source: sources.find((one) => one === state.get("source")) ?? sources[0] ?? "",
    table,
    stored: held !== null,
  };
}

/** How a measure that the study does not hold starts: with all of manufacturing, and with groupings there are. */
function usual(study: Study, info: MeasureInfo): Options {
  const given = defaults(info);
  const start: Record<string, string> = { ...given };
  for (const option of info.options) {
    const { name } = option;
    const can = (value: string | undefined): value is string => value !== undefined && accepts(study, info, option, value);
    if (!option.takes) continue;
    const first = name === "by" && !OF_COMMUNITIES.includes(info.family) ? "manufacturing" : given[name];
    start[name] = [first, given[name], name === "by" ? EVERYBODY[0] : study.groupings[0]?.name].find(can) ?? "";
  }
  return start;
}

/** The industry to begin with: manufacturing, else machinery, else the first that makes goods. */
export function usualIndustry(study: Study, source: string, codes: readonly string[]): string | undefined {
  const known = (study.industries[source] ?? []).filter((one) => codes.includes(one.code) && one.service !== true);
  const title = (one: (typeof known)[number]) => (typeof one.title === "string" ? one.title : one.title.en);
  const first = (pattern: RegExp) => known.find((one) => pattern.test(title(one)))?.code;
  return codes.find((code) => code === "manufacturing") ?? first(/^(manufacture of )?machinery/i) ?? first(/^(?!.*except).*machinery/i) ?? first(/^manufacture/i);
}

export function measurePath(question: Pick<Question, "info">): string {
  return `measure/${question.info.name}`;
}

/** Options, source and table of a question, without any choice of rows. */
export function baseQuery({ options, only, source, table }: Pick<Question, "options" | "only" | "source" | "table">): Query {
  return { ...options, only, ...(table ? { table } : { source }) };
}

export function focusOf(study: Study): string {
  const { focus } = study;
  return (typeof focus === "string" ? focus : focus?.[0]) ?? "";
}

function one(wanted: string, all: readonly string[] | undefined): string | undefined {
  return all === undefined ? undefined : all.includes(wanted) ? wanted : all[0];
}

/** Which rows are looked at, of those there are. */
export function sliceOf(ctx: Context, scope: Scope): Slice {
  const { state, study } = ctx;
  const asked = state.list("country");
  const named = asked.filter((code) => scope.countries.includes(code));
  const country = named[0] ?? one(focusOf(study), scope.countries) ?? "";
  const chosen = [...named.slice(1), ...state.list("with")].filter((code) => scope.countries.includes(code));
  const others = named.length > 1 || "with" in state.view.params ? chosen : usualOthers(study, scope, country);
  const source = state.get("source", study.sources[0]?.name ?? "");
  const group = state.get("group");
  const summed = scope.sums === true && !scope.labels.group?.includes(group);
  const usual = (name: LabelName, all: readonly string[]) => scope.start?.[name] ?? (name === "industry" ? usualIndustry(study, source, all) : undefined) ?? (all.includes("") ? "" : all[0]);
  const labels = Object.fromEntries(
    LABELS.flatMap((name) => {
      const all = scope.labels[name];
      if (all === undefined || (name === "group" && summed)) return [];
      const asked = state.get(name);
      const label = asked !== "" && all.includes(asked) ? asked : usual(name, all);
      return label === undefined ? [] : [[name, label]];
    }),
  );
  const last = scope.years[scope.years.length - 1] ?? 0;
  const year = Number(state.get("year"));
  return { country, others: [...new Set(others)].filter((code) => code !== country), labels, year: scope.years.includes(year) ? year : last, summed };
}

function usualOthers(study: Study, scope: Scope, country: string): string[] {
  const focus = Array.isArray(study.focus) ? study.focus : [];
  const known = [...focus, ...ECONOMIES].filter((code) => scope.countries.includes(code) && code !== country);
  return known.length > 0 ? known : scope.countries.filter((code) => code !== country).slice(0, 3);
}

/** Changes of the address that ask for other options; what the study holds is preferred. */
export function optionChanges(question: Question, changes: Options): Changes {
  const wanted = { ...question.options, ...changes };
  const same = preferred(question.info, wanted, question.only);
  const any = same ?? preferred(question.info, wanted, null);
  return { name: question.info.name, ...wanted, only: any?.only ?? "" };
}

export function isHeld(question: Question, changes: Options): boolean {
  return question.table === "" && preferred(question.info, { ...question.options, ...changes }, null) !== null;
}

export function optionOf(info: MeasureInfo, name: string): MeasureOption | undefined {
  return info.options.find((option) => option.name === name);
}
