/** What the address asks for and there is not, with what is shown instead. */

import type { Context } from "../../page";
import { sayUnknown } from "../../parts/unknown";
import type { Say } from "../../text/measure";
import { countryName, labelName } from "./names";
import { ALL, LABELS, sliceOf, type Question, type Scope } from "./question";
import { VIEWS } from "./stage";

export function sayAsked(ctx: Context, t: Say, place: HTMLElement, question: Question, scope: Scope): void {
  const { state, study } = ctx;
  const slice = sliceOf(ctx, scope);
  const named = (kind: (typeof LABELS)[number]) => {
    const label = slice.labels[kind];
    return kind === "group" && slice.summed ? t("group.all") : label === undefined ? "" : labelName(ctx, question, kind, label);
  };
  const asked = state.list("country");
  const first = asked.slice(0, 1).filter((code) => !scope.countries.includes(code));
  const none = scope.countries.length === 0;
  sayUnknown(ctx, place, [
    { kind: t("measure"), asked: state.get("name"), known: study.measures.map((one) => one.name), shown: ctx.say(question.info.title) },
    { kind: t("view.short"), asked: state.get("view"), known: VIEWS, shown: t("view.all") },
    ...(none
      ? []
      : [
          { kind: t("country"), asked: first, known: scope.countries, shown: countryName(ctx, slice.country) },
          { kind: t("with"), asked: [...asked.slice(1), ...state.list("with")].filter((code) => code !== "none"), known: scope.countries },
          { kind: t("year"), asked: state.get("year"), known: scope.years, shown: String(slice.year) },
          ...LABELS.filter((kind) => scope.labels[kind] !== undefined).map((kind) => ({ kind: t(kind), asked: state.get(kind), known: [...(scope.labels[kind] ?? []), ...(kind === "group" && scope.sums ? [ALL] : [])], shown: named(kind) })),
        ]),
    ...(question.table ? [] : [{ kind: t("source"), asked: state.get("source"), known: study.sources.map((one) => one.name), shown: study.sources[0]?.title ?? "" }]),
  ]);
}
