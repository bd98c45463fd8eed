/** A table the session brought along: what can be asked of it, in the place of the study. */

import type { Context } from "../../page";
import type { Say } from "../../text/measure";
import type { Grouping, Study, Words } from "../../types";

/** What `/api/uploads` says of a file; without `can` it is not read yet, or cannot be. */
export interface Own {
  readonly table: string;
  readonly name: string;
  readonly error?: unknown;
  readonly can?: {
    readonly measures: readonly string[];
    readonly groupings: readonly string[];
    /** Those the table itself names. */
    readonly own: readonly Grouping[];
  };
  readonly places?: {
    readonly source: string;
    readonly countries: readonly string[];
    readonly years: readonly number[];
    readonly industries: readonly { readonly code: string; readonly title: Words; readonly service: boolean | null }[];
  };
}

/** Texts for a table without a year, which counts as 0: a year at their end is left out. */
export function undated(t: Say): Say {
  return (key, values) => (values?.["year"] === 0 ? t(key, values).replace(/, 0년?$/, "") : t(key, values));
}

/** The page's context with the table for a study: one source, nothing held, everything computed. */
export function contextOf(ctx: Context, own: Own): Context {
  const { study } = ctx;
  const { can, places } = own;
  if (can === undefined || places === undefined) return ctx;
  const groupings = [...can.own, ...study.groupings.filter((one) => can.groupings.includes(one.name) && !can.own.some((other) => other.name === one.name))];
  const named = new Set(study.countries.map((one) => one.code));
  const other: Study = {
    ...study,
    sources: [{ name: places.source, title: own.name, years: places.years, countries: places.countries } as Study["sources"][number]],
    countries: [...study.countries, ...places.countries.filter((code) => !named.has(code)).map((code) => ({ code, name: { en: code || own.name, ko: code || own.name } }))],
    measures: study.measures.filter((one) => can.measures.includes(one.name)).map((one) => ({ ...one, computed: [], lacks: [] })),
    groupings,
    definitions: study.definitions.filter((name) => groupings.some((one) => one.name === name)),
    industries: { [places.source]: places.industries.map(({ code, title, service }) => ({ code, title, ...(service === null ? {} : { service }) })) },
    live: { tables: true, why: "" },
  };
  return { ...ctx, study: other };
}
