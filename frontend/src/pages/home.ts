import { h, replace, type Child } from "../dom";
import { quantity, small } from "../format";
import type { Context, Page, PageName } from "../page";
import { about } from "../parts/about";
import { parse } from "../state";
import { texts } from "../text/home";
import type { Headline, MeasureAnswer, MeasureInfo } from "../types";

type Say = ReturnType<typeof texts>;

function focus(ctx: Context): string {
  const { focus: chosen, countries } = ctx.study;
  return (typeof chosen === "string" ? chosen : chosen?.[0]) ?? countries[0]?.code ?? "";
}

function yearsOf(years: readonly number[]): string {
  const [low, high] = [Math.min(...years), Math.max(...years)];
  if (years.length === 0) return "–";
  return low === high ? String(low) : high - low + 1 === years.length ? `${low}–${high}` : [...years].sort((a, b) => a - b).join(", ");
}

/** The sentences, and beside them how the number is made that is pointed at, the first to begin with. */
function headlines(ctx: Context, t: Say): Child[] {
  const [first] = ctx.study.headlines;
  if (first === undefined) return [];
  const place = (code: string) => ctx.say(ctx.study.countries.find((one) => one.code === code)?.name ?? code);
  const panel = about(ctx);
  const waiting = h("div");
  let asked = new AbortController();
  const explain = (one: Headline) => {
    asked.abort();
    asked = new AbortController();
    for (const [other, element] of cards) element.classList.toggle("marked", other === one);
    const { name = "", ...query } = parse(one.view).params;
    void ctx.load<MeasureAnswer>(
      waiting,
      `measure/${name}`,
      query,
      (answer) => {
        replace(waiting);
        panel.show(answer.about);
        panel.point({ label: [ctx.say(answer.about.title), place(one.country), one.year].filter(Boolean).join(" · "), value: quantity(one.value, one.unit, ctx.lang) });
      },
      asked.signal,
    );
  };
  const card = (one: Headline) => {
    const { page: name, params } = parse(one.view);
    return h(
      "li",
      { class: "card headline", onpointerenter: () => explain(one), onfocusin: () => explain(one) },
      h("p", { class: "figure-number" }, quantity(one.value, one.unit, ctx.lang)),
      h("p", {}, ctx.say(one.text)),
      h(
        "p",
        { class: "foot" },
        h("small", {}, [place(one.country), one.year].filter(Boolean).join(" · ")),
        h("a", { href: ctx.state.link(name, params), "aria-label": `${t("look")}: ${ctx.say(one.text)}` }, t("look")),
      ),
    );
  };
  const cards = new Map(ctx.study.headlines.map((one) => [one, card(one)]));
  explain(first);
  return [h("section", {}, h("h2", {}, t("found")), h("ul", { class: "cards" }, [...cards.values()]), waiting), panel.element];
}

/** The questions people come with, the measures that answer them, best first, and where. */
const MEASURED: readonly { key: Parameters<Say>[0]; more: Parameters<Say>[0]; names: readonly string[]; view: string }[] = [
  { key: "start.level", more: "start.level.more", names: ["service_input_coefficient", "service_input_share"], view: "trend" },
  { key: "start.rank", more: "start.rank.more", names: ["service_input_share", "service_input_coefficient"], view: "rank" },
  { key: "start.which", more: "start.which.more", names: ["service_input_coefficient", "service_input_share"], view: "services" },
  { key: "start.definitions", more: "start.definitions.more", names: ["service_input_coefficient", "service_input_share"], view: "definitions" },
  { key: "start.content", more: "start.content.more", names: ["service_content"], view: "trend" },
];
const PAGED: readonly { key: Parameters<Say>[0]; more: Parameters<Say>[0]; page: PageName; view?: string }[] = [
  { key: "start.chain", more: "start.chain.more", page: "chains", view: "income" },
  { key: "start.make", more: "start.make.more", page: "interaction" },
  { key: "start.effect", more: "start.effect.more", page: "explain" },
  { key: "start.claims", more: "start.claims.more", page: "claims" },
  { key: "start.own", more: "start.own.more", page: "data" },
];
const WHOLE: Readonly<Record<string, string>> = { by: "manufacturing", grouping: "services" };

type Options = Readonly<Record<string, unknown>>;

/** Of a measure, all of manufacturing and all services, where it has such options. */
function whole(measure: MeasureInfo): Record<string, string> {
  return Object.fromEntries(Object.entries(WHOLE).filter(([name]) => measure.options.some((option) => option.name === name)));
}

function agrees(options: Options, wanted: Options): boolean {
  return Object.entries(wanted).every(([name, value]) => options[name] === value);
}

/** Under how many definitions of producer services the study holds it of all of manufacturing. */
function definitions(ctx: Context, measure: MeasureInfo): number {
  const { grouping: _grouping, ...rest } = whole(measure);
  return new Set(measure.computed.flatMap(({ options }) => (agrees(options, rest) && ctx.study.definitions.includes(String(options["grouping"])) ? [options["grouping"]] : []))).size;
}

/** The first measure that the study holds of all of manufacturing, or can compute; else what it holds of its parts. */
function answering(ctx: Context, names: readonly string[], view: string): { name: string; options: Record<string, string> } | null {
  const known = names.flatMap((name) => ctx.study.measures.filter((one) => one.name === name));
  if (view === "definitions") known.sort((a, b) => definitions(ctx, b) - definitions(ctx, a));
  const found = known.find((one) => one.computed.some(({ options }) => agrees(options, whole(one)))) ?? (ctx.study.live.tables ? known[0] : undefined);
  if (found !== undefined) return { name: found.name, options: whole(found) };
  const part = known.find((one) => one.computed.length > 0);
  return part === undefined ? null : { name: part.name, options: {} };
}

function starts(ctx: Context, t: Say): Child {
  const measured = MEASURED.flatMap(({ key, more, names, view }) => {
    const found = answering(ctx, names, view);
    const all = view === "definitions" && ctx.study.live.tables;
    return found === null ? [] : [{ key, more, href: ctx.state.link("measure", { name: found.name, ...found.options, country: focus(ctx), view, all: all ? "true" : undefined }) }];
  });
  const paged = PAGED.filter(({ page }) => ctx.study.pages[page] !== false).map(({ key, more, page, view }) => ({ key, more: page === "explain" && ctx.study.estimates === false ? ("start.effect.none" as const) : more, href: ctx.state.link(page, { view }) }));
  return h(
    "section",
    {},
    h("h2", {}, t("start")),
    h("ul", { class: "starts" }, [...measured, ...paged].map(({ key, more, href }) => h("li", {}, h("a", { class: "card", href }, h("strong", {}, t(key)), h("small", {}, t(more)))))),
  );
}

function quality(ctx: Context, t: Say): Child {
  const { quality: found } = ctx.study;
  return h(
    "section",
    { class: "card" },
    h("h2", {}, t("quality")),
    h("p", { class: `light ${found.light}` }, h("span", { class: "lamp", "aria-hidden": "true" }), h("strong", {}, t(`quality.${found.light}`))),
    h("p", {}, ctx.say(found.text)),
    h("p", { class: "hint" }, t("residual", { value: small(found.data_residual) })),
    h("p", {}, h("a", { href: ctx.state.link("data") }, t("audits"))),
  );
}

function facts(ctx: Context, t: Say): Child {
  const { study } = ctx;
  const opened = (items: readonly string[]) => h("details", {}, h("summary", {}, String(items.length)), h("ul", {}, items.map((item) => h("li", {}, item))));
  const title = (name: string) => ctx.say(study.groupings.find((one) => one.name === name)?.title ?? name);
  const other = study.groupings.filter((one) => !study.definitions.includes(one.name));
  return h(
    "section",
    { class: "card" },
    h("h2", {}, t("study")),
    study.sources.map((one) =>
      h(
        "dl",
        { class: "terms" },
        h("dt", {}, t("source")),
        h("dd", {}, one.title || one.name),
        h("dt", {}, t("years")),
        h("dd", {}, yearsOf(one.years)),
        h("dt", {}, t("countries")),
        h("dd", {}, opened(one.countries.map((code) => ctx.say(study.countries.find((known) => known.code === code)?.name ?? code)))),
      ),
    ),
    h(
      "dl",
      { class: "terms" },
      h("dt", {}, t("families")),
      h("dd", {}, opened(study.measures.map((one) => ctx.say(one.title)))),
      study.definitions.length > 0 && [h("dt", {}, t("definitions")), h("dd", {}, opened(study.definitions.map(title)))],
      other.length > 0 && [h("dt", {}, t("groupings")), h("dd", {}, opened(other.map((one) => ctx.say(one.title))))],
    ),
    !study.live.tables && h("p", { class: "hint" }, t("live.no"), study.live.why && `: ${study.live.why}`),
  );
}

export const page: Page = {
  title: (ctx) => ctx.study.title || ctx.t("menu.home"),
  render(root, ctx) {
    const t = texts(ctx.lang);
    root.append(
      h("div", {}, ctx.study.description && h("p", { class: "lead" }, ctx.study.description)),
      h("div", { class: ctx.study.headlines.length > 0 ? "with-about" : null }, headlines(ctx, t), starts(ctx, t)),
      h("div", { class: "figures" }, quality(ctx, t), facts(ctx, t)),
    );
  },
};
