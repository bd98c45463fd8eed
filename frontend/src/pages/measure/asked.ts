/** What the address asks for and there is not, with what is shown instead. */

import type { Context } from "../../page";
import { sayUnknown } from "../../parts/unknown";
import type { Say } from "../../text/measure";
import { chosen } from "./chosen";
import { countryName, definitionLabel, groupingOf, labelName, wholeName } from "./names";
import { accepts, acceptsOnly, ALL, LABELS, sliceOf, type Question, type Scope } from "./question";
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
  const { info, options, only, table } = question;
  const grouping = (name: string) => wholeName(t)[name] ?? ctx.say(groupingOf(ctx, name)?.title ?? name);
  const misfits = info.options.flatMap((option) => {
    const value = state.view.params[option.name];
    if (value === undefined || accepts(study, info, option, value)) return [];
    const instead = options[option.name] ?? "";
    const kind = option.name === "grouping" ? definitionLabel(ctx, t, question) : option.name === "by" ? t("by") : ctx.say(option.title);
    return [{ kind, asked: value, known: [], shown: option.takes ? grouping(instead) : ctx.say(option.titles?.[instead] ?? instead) }];
  });
  sayUnknown(ctx, place, [
    { kind: t("measure"), asked: state.get("name"), known: study.measures.map((one) => one.name), shown: ctx.say(question.info.title) },
    { kind: t("view.short"), asked: state.get("view"), known: VIEWS, shown: t("view.all") },
    ...misfits,
    { kind: t("only"), asked: acceptsOnly(study, info, state.get("only")) ? "" : state.get("only"), known: [], shown: only && grouping(only) },
    { kind: t("table.which"), asked: state.get("table"), known: [table], shown: t("table.study") },
    { kind: t("cell.asked"), asked: chosen(ctx, question) === null ? state.get("cell") : "", known: [] },
    ...(none
      ? []
      : [
          { kind: t("country"), asked: first, known: scope.countries, shown: countryName(ctx, slice.country) },
          { kind: t("with"), asked: [...asked.slice(1), ...state.list("with")].filter((code) => code !== "none"), known: scope.countries },
          { kind: t("year"), asked: state.get("year"), known: scope.years, shown: String(slice.year) },
          ...LABELS.filter((kind) => scope.labels[kind] !== undefined).map((kind) => ({ kind: t(kind), asked: state.get(kind), known: [...(scope.labels[kind] ?? []), ...(kind === "group" && scope.sums ? [ALL] : [])], shown: named(kind) })),
        ]),
    ...(table ? [] : [{ kind: t("source"), asked: state.get("source"), known: study.sources.map((one) => one.name), shown: study.sources[0]?.title ?? "" }]),
  ]);
}
