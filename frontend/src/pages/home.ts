import { h, type Child } from "../dom";
import { quantity, small } from "../format";
import type { Context, Page, PageName } from "../page";
import { parse } from "../state";
import { texts } from "../text/home";
import type { Headline, MeasureInfo } from "../types";

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

function headlines(ctx: Context, t: Say): Child {
  if (ctx.study.headlines.length === 0) return null;
  const place = (code: string) => ctx.say(ctx.study.countries.find((one) => one.code === code)?.name ?? code);
  const address = (view: string) => {
    const { page: name, params } = parse(view);
    return ctx.state.link(name, params);
  };
  const card = (one: Headline) =>
    h(
      "li",
      { class: "card headline" },
      h("p", { class: "figure-number" }, quantity(one.value, one.unit, ctx.lang)),
      h("p", {}, ctx.say(one.text)),
      h(
        "p",
        { class: "foot" },
        h("small", {}, [place(one.country), one.year].filter(Boolean).join(" · ")),
        one.view && h("a", { href: address(one.view), "aria-label": `${t("look")}: ${ctx.say(one.text)}` }, t("look")),
      ),
    );
  return h("section", {}, h("h2", {}, t("found")), h("ul", { class: "cards" }, ctx.study.headlines.map(card)));
}

/** The questions people come with, and the first of these measures the study knows. */
const MEASURED: readonly { key: Parameters<Say>[0]; more: Parameters<Say>[0]; names: readonly string[]; view: string }[] = [
  { key: "start.level", more: "start.level.more", names: ["service_input_coefficient"], view: "trend" },
  { key: "start.rank", more: "start.rank.more", names: ["service_input_share", "service_input_coefficient"], view: "rank" },
  { key: "start.which", more: "start.which.more", names: ["service_input_coefficient"], view: "heat" },
  { key: "start.definitions", more: "start.definitions.more", names: ["producer_service_share"], view: "trend" },
  { key: "start.content", more: "start.content.more", names: ["service_content"], view: "trend" },
];
const PAGED: readonly { key: Parameters<Say>[0]; more: Parameters<Say>[0]; page: PageName }[] = [
  { key: "start.chain", more: "start.chain.more", page: "chains" },
  { key: "start.make", more: "start.make.more", page: "interaction" },
  { key: "start.effect", more: "start.effect.more", page: "explain" },
  { key: "start.claims", more: "start.claims.more", page: "claims" },
  { key: "start.own", more: "start.own.more", page: "data" },
];

/** The options a study has computed first: its answer is there at once. */
function computed(measure: MeasureInfo): Record<string, string> {
  const wanted = { by: "manufacturing", grouping: "services" } as Record<string, string>;
  const fit = (options: Readonly<Record<string, unknown>>) => Object.keys(wanted).filter((name) => options[name] === wanted[name]).length;
  const [best] = [...measure.computed].sort((a, b) => fit(b.options) - fit(a.options));
  return Object.fromEntries(Object.entries(best?.options ?? {}).map(([name, value]) => [name, String(value)]));
}

function starts(ctx: Context, t: Say): Child {
  const known = new Map(ctx.study.measures.filter((one) => ctx.study.live.tables || one.computed.length > 0).map((one) => [one.name, one]));
  const measured = MEASURED.flatMap(({ key, more, names, view }) => {
    const found = names.map((name) => known.get(name)).find((one) => one !== undefined);
    return found === undefined ? [] : [{ key, more, href: ctx.state.link("measure", { name: found.name, ...computed(found), country: focus(ctx), view }) }];
  });
  const paged = PAGED.filter(({ page }) => ctx.study.pages[page] !== false).map(({ key, more, page }) => ({ key, more, href: ctx.state.link(page) }));
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
      ...[
        ctx.study.description && h("p", { class: "lead" }, ctx.study.description),
        headlines(ctx, t),
        starts(ctx, t),
        h("div", { class: "figures" }, quality(ctx, t), facts(ctx, t)),
      ].filter((node): node is HTMLElement => node instanceof Node),
    );
  },
};
