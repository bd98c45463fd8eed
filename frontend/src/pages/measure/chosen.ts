/** The number that is taken apart, as the address has it. */

import type { Context } from "../../page";
import type { Changes } from "../../state";
import { accepts, acceptsOnly, optionOf, type Question } from "./question";

const SEPARATOR = "~";
const FIELDS = ["country", "industry", "group", "year", "by", "grouping", "only"] as const;

export type Chosen = Readonly<Record<(typeof FIELDS)[number], string>>;

export function written(one: Chosen): string {
  return FIELDS.map((field) => one[field]).join(SEPARATOR);
}

function read(text: string): Chosen {
  const parts = text.split(SEPARATOR);
  return Object.fromEntries(FIELDS.map((field, at) => [field, parts[at] ?? ""])) as Chosen;
}

/** Null where none is asked for, or one that cannot be. */
export function chosen(ctx: Context, question: Question): Chosen | null {
  const text = ctx.state.get("cell");
  const one = read(text);
  return text !== "" && isKnown(ctx, question, one) ? one : null;
}

/** The question a number is an answer to: the page's, of its own industries and inputs. */
export function questionOf(question: Question, { by, grouping, only }: Chosen): Question {
  const own = { ...(by && "by" in question.options ? { by } : {}), ...(grouping && "grouping" in question.options ? { grouping } : {}) };
  return { ...question, options: { ...question.options, ...own }, only };
}

/** Keeps the number that is taken apart with what the controls say. */
export function followed(ctx: Context, changes: Partial<Chosen>): Changes {
  const text = ctx.state.get("cell");
  return text === "" ? {} : { cell: written({ ...read(text), ...changes }) };
}

function isKnown(ctx: Context, question: Question, one: Chosen): boolean {
  const { study } = ctx;
  const source = study.sources.find((other) => other.name === question.source) ?? study.sources[0];
  const among = (text: string, all: readonly (string | number)[]) => text === "" || all.length === 0 || all.some((other) => String(other) === text);
  const groups = (name: string) => (study.groupings.find((other) => other.name === name)?.groups ?? []).map((group) => group.code);
  const { options } = questionOf(question, one);
  const [by, grouping] = [options["by"], options["grouping"]];
  const industries = by === "industry" ? (study.industries[question.source] ?? []).map((other) => other.code) : by === "economy" ? [by] : groups(by ?? "");
  const fits = (name: "by" | "grouping") => {
    const option = optionOf(question.info, name);
    return one[name] === "" || (option !== undefined && accepts(study, question.info, option, one[name]));
  };
  return (
    (Boolean(options["blocs"]) || (source?.countries ?? [one.country]).includes(one.country)) &&
    among(one.year, source?.years ?? []) &&
    among(one.industry, industries) &&
    among(one.group, groups(grouping ?? "")) &&
    fits("by") &&
    fits("grouping") &&
    acceptsOnly(study, question.info, one.only)
  );
}
