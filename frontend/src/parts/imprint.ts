/** What goes with a figure that leaves the page, on paper or in a file: unit, definition, method, data, study. */

import { unitText } from "../format";
import type { Context } from "../page";
import { say } from "../text";
import type { About } from "../types";

type Telling = Pick<Context, "t" | "lang" | "study">;

export interface Imprinted {
  /** How the numbers are made; one for each measure a figure shows. */
  readonly about: About | readonly About[] | undefined;
  readonly note?: string;
}

function listOf(about: Imprinted["about"]): readonly About[] {
  return about === undefined ? [] : "measure" in about ? [about] : about;
}

/** Unit, options and where the formula is from; what the note says already is left out. */
function made(ctx: Telling, about: About, note: string, named: boolean): string {
  const unit = about.unit && `${ctx.t("about.unit")}: ${say(ctx.lang, about.unit_name ?? unitText(about.unit, ctx.lang))}`;
  const words = say(ctx.lang, about.words) || say(ctx.lang, about.definition);
  const said = [
    note.includes(unit) ? "" : unit,
    words && !note.includes(words) && `${ctx.t("about.definition")}: ${words}`,
    about.source && `${ctx.t("imprint.method")}: ${about.source}`,
  ];
  return [named && say(ctx.lang, about.title), ...said].filter(Boolean).join(" · ");
}

/** Names of the databases with their licences; "" where there is nothing to say. */
export function dataWords(ctx: Telling, about: Imprinted["about"]): string {
  const abouts = listOf(about);
  const names = new Set(abouts.flatMap((one) => one.evidence?.sources ?? []));
  if (names.size === 0) return abouts.some((one) => one.evidence) ? ctx.t("imprint.own") : "";
  const sources = [...names].map((name) => {
    const known = ctx.study.sources.find((one) => one.name === name);
    return known?.licence ? `${known.title} (${ctx.t("imprint.licence", { licence: known.licence })})` : (known?.title ?? name);
  });
  return sources.join("; ");
}

/** Said first wherever a figure goes: the numbers are of no real economy; "" where they are. */
export function warning(ctx: Telling, spec: Imprinted): string {
  return listOf(spec.about).some((one) => one.synthetic) ? ctx.t("imprint.synthetic") : "";
}

/** The lines below a figure, its note first. */
export function imprint(ctx: Telling, spec: Imprinted): string[] {
  const abouts = listOf(spec.about);
  const note = spec.note ?? "";
  const sources = dataWords(ctx, abouts);
  const { title, version } = ctx.study;
  return [
    note,
    ...abouts.map((one) => made(ctx, one, note, abouts.length > 1)),
    sources && ctx.t("imprint.data", { sources }),
    ctx.t("imprint.study", { title, version: ["servio", version].filter(Boolean).join(" ") }),
  ].filter(Boolean);
}
