import { h, replace } from "../dom";
import { number } from "../format";
import type { Context, Page } from "../page";
import { about, copyable } from "../parts/about";
import { notice } from "../parts/notice";
import { picker, select, type Option } from "../parts/select";
import { tabs } from "../parts/tabs";
import { sayUnknown } from "../parts/unknown";
import { texts } from "../text/explain";
import type { Curve, Estimate, Estimates, Listed, Margins, Summary } from "./explain/answers";
import { coefficients, curves, margins, problems, sample, worded, type Say, type Scale } from "./explain/views";
import { entityWords, inWords } from "./explain/words";

const VIEWS = ["coefficients", "curve", "margins", "sample"] as const;
type View = (typeof VIEWS)[number];
const MOST = 6;
const FIRST = 2;
const STATE = ["view", "estimates", "estimate", "scale", "terms", "term", "over"];
const VARIABLE = /^[\w.]+$/;

function missing(ctx: Context, t: Say, found: Listed): Node[] {
  return [
    notice("info", h("strong", {}, t("none"))),
    ...problems(t, found.problems),
    ...(found.missing === null ? [] : [h("section", { class: "card" }, h("p", {}, t("none.words")), copyable(ctx, t("none.lines"), found.missing.lines))]),
  ];
}

/** The estimate looked at first, and those beside it in the same role. */
function firstPicks(found: Estimates): Summary[] {
  const main = found.estimates.find((one) => one.id === found.main) ?? found.estimates[0];
  if (main === undefined) return [];
  const beside = found.estimates.filter((one) => one !== main && one.role === "robustness" && one.terms === main.terms);
  return [main, ...beside.slice(0, FIRST - 1)];
}

function explained(root: HTMLElement, ctx: Context, t: Say, found: Estimates): void {
  const { state } = ctx;
  const panel = about(ctx);
  const body = h("div", { class: "stack" });
  const ids = new Map(found.estimates.map((one) => [one.id, one]));
  const options: Option[] = found.estimates.map((one) => ({ value: one.id, words: one.name, group: worded(t, "role", one.role) }));
  const defaults = firstPicks(found);
  const picked = () => {
    const own = state.list("estimates").flatMap((id) => ids.get(id) ?? []);
    return own.length > 0 ? own : defaults;
  };
  const focused = () => ids.get(state.get("estimate")) ?? picked()[0];
  const view = (): View => VIEWS.find((one) => one === state.get("view")) ?? "coefficients";

  const picks = picker(ctx, { label: t("picks"), options, value: picked().map((one) => one.id), most: MOST, onChange: (estimates) => state.patch({ estimates }) });
  const one = select({ label: t("estimate"), options, value: focused()?.id ?? "", onChange: (estimate) => state.patch({ estimate, term: undefined, over: undefined }) });
  const scale = select({
    label: t("scale"),
    options: (["effect", "coefficient"] as const).map((value) => ({ value, words: t(`scale.${value}`) })),
    value: state.get("scale", "effect"),
    onChange: (value) => state.patch({ scale: value }),
  });
  const terms = select({
    label: t("terms"),
    options: (["service", "all"] as const).map((value) => ({ value, words: t(`terms.${value}`) })),
    value: state.get("terms", "service"),
    onChange: (value) => state.patch({ terms: value }),
  });
  const variable = select({ label: t("variable"), options: [], value: "", onChange: (term) => state.patch({ term }) });
  const over = select({ label: t("over"), options: [], value: "", onChange: (value) => state.patch({ over: value }) });
  const shownIn: [HTMLElement, readonly View[]][] = [
    [picks.element, ["coefficients"]],
    [one.element, ["curve", "margins", "sample"]],
    [scale.element, ["coefficients", "margins"]],
    [terms.element, ["coefficients"]],
    [variable.element, ["curve", "margins"]],
    [over.element, ["margins"]],
  ];
  const bar = tabs({
    label: t("views"),
    tabs: VIEWS.map((id) => ({ id, label: t(`view.${id}`), render: (place) => place.append(body) })),
    selected: view(),
    onSelect: (id) => state.patch({ view: id }),
  });
  const facts = found.panel;
  const unknown = h("div", { hidden: true });
  root.append(
    unknown,
    h("p", { class: "lead" }, t("lead", { rows: number(facts.rows, "", ctx.lang), entities: number(facts.entities, "", ctx.lang), entity: entityWords(ctx.lang, facts.entity), first: facts.first, last: facts.last, out: number(facts.left_out, "", ctx.lang) })),
    h("div", { class: "controls" }, shownIn.map(([element]) => element)),
    h("div", { class: "with-about" }, bar.element, panel.element),
  );

  const drawn: Record<View, (focus: Summary, signal: AbortSignal) => Promise<void> | void> = {
    coefficients: (_, signal) => {
      const every = state.get("terms") === "all";
      replace(body, coefficients(ctx, t, found, picked(), state.get("scale", "effect") as Scale, every, panel.point));
      const [first] = picked();
      if (first) return ctx.api.get<Estimate>(`explain/estimate/${first.id}`, {}, { signal }).then((answer) => panel.show(inWords(ctx.lang, answer).about));
    },
    curve: (focus, signal) =>
      ctx.load<Curve>(body, `explain/curve/${focus.id}`, { term: state.get("term") }, (reply) => {
        const answer = inWords(ctx.lang, reply);
        panel.show(answer.about);
        variable.set(answer.term ?? "", answer.terms.map((each) => ({ value: each.term, words: ctx.say(each.label) })));
        return curves(ctx, t, focus, answer, panel.point);
      }, signal),
    margins: (focus, signal) =>
      ctx.load<Margins>(body, `explain/margins/${focus.id}`, { term: state.get("term"), over: state.get("over") }, (reply) => {
        const answer = inWords(ctx.lang, reply);
        panel.show(answer.about);
        variable.set(answer.term, answer.variables.map((each) => ({ value: each.term, words: each.label === null ? each.term : ctx.say(each.label) })));
        over.set(answer.over, answer.overs.map((value) => ({ value, words: VARIABLE.test(value) ? worded(t, "over", value) : value })));
        return margins(ctx, t, focus, answer, state.get("scale", "effect") as Scale, panel.point);
      }, signal),
    sample: (focus, signal) =>
      ctx.load<Estimate>(body, `explain/estimate/${focus.id}`, {}, (reply) => {
        const answer = inWords(ctx.lang, reply);
        panel.show(answer.about);
        return sample(ctx, t, answer, facts, panel.point);
      }, signal),
  };

  ctx.watch(STATE, (signal) => {
    const now = view();
    const focus = focused();
    sayUnknown(ctx, unknown, [
      { kind: t("views"), asked: state.get("view"), known: VIEWS, shown: t(`view.${now}`) },
      { kind: t("picks"), asked: state.list("estimates"), known: [...ids.keys()], ...(state.list("estimates").some((id) => ids.has(id)) ? {} : { shown: picked().map((each) => each.name).join(", ") }) },
      { kind: t("estimate"), asked: state.get("estimate"), known: [...ids.keys()], shown: focus?.name ?? "" },
    ]);
    bar.set(now);
    panel.point(null);
    for (const [element, views] of shownIn) element.hidden = !views.includes(now);
    picks.set(picked().map((each) => each.id));
    scale.set(state.get("scale", "effect"));
    terms.set(state.get("terms", "service"));
    if (focus === undefined) return;
    one.set(focus.id);
    return drawn[now](focus, signal) ?? undefined;
  });
}

export const page: Page = {
  title: (ctx) => ctx.t("menu.explain"),
  render(root, ctx) {
    const t = texts(ctx.lang);
    const place = h("div");
    root.append(place);
    void ctx.load<Listed>(place, "explain/estimates", {}, (found) => {
      if (found.missing !== null || found.panel === null) return missing(ctx, t, found);
      const inside = h("div");
      explained(inside, ctx, t, inWords(ctx.lang, found as Estimates));
      return inside;
    });
  },
};
