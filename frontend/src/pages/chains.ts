import type { Query } from "../api";
import { h } from "../dom";
import { rowsOf } from "../frames";
import type { Context, Page } from "../page";
import { about } from "../parts/about";
import { notice } from "../parts/notice";
import { combobox, select, type Option } from "../parts/select";
import { slider } from "../parts/slider";
import { tabs } from "../parts/tabs";
import { sayUnknown } from "../parts/unknown";
import { texts, type Say } from "../text/chains";
import type { IncomeAnswer, PositionsAnswer, SmileAnswer, StagesAnswer } from "./chains/answers";
import { incomeView } from "./chains/income";
import { countryName, type View } from "./chains/names";
import { positionsView } from "./chains/positions";
import { smileView } from "./chains/smile";
import { question, stagesView } from "./chains/stages";

const NARROW = 640;
const VIEWS = ["stages", "smile", "positions", "income"] as const;
/** Electronics, where a source has it: the chain that is told most often. */
const FIRST = ["C26", "c14"];

interface Choice {
  readonly source: string;
  readonly country: string;
  readonly industry: string;
  readonly year: number | null;
}

interface Industry {
  readonly code: string;
  readonly title: string;
  readonly service: boolean;
}

function industriesOf(ctx: Context, source: string): Industry[] {
  return (ctx.study.industries[source] ?? []).map((one) => ({ code: one.code, title: ctx.say(one.title), service: one.service ?? false }));
}

/** What the address says, and the study's own where it says nothing or what the source does not have. */
function choice(ctx: Context, industries: readonly Industry[]): Choice {
  const { study, state } = ctx;
  const source = study.sources.find((one) => one.name === state.get("source")) ?? study.sources[0];
  const countries = source?.countries ?? [];
  const wanted = [state.get("country"), ...[study.focus ?? []].flat(), countries[0] ?? ""];
  const years = source?.years ?? [];
  const codes = industries.map((one) => one.code);
  const first = FIRST.find((code) => codes.includes(code)) ?? industries.find((one) => !one.service)?.code ?? "";
  return {
    source: source?.name ?? "",
    country: wanted.find((code) => countries.includes(code)) ?? "",
    industry: codes.includes(state.get("industry")) ? state.get("industry") : first,
    year: years.includes(Number(state.get("year"))) ? Number(state.get("year")) : (years.at(-1) ?? null),
  };
}

function options(t: Say, industries: readonly Industry[]): Option[] {
  return [...industries]
    .sort((a, b) => Number(a.service) - Number(b.service))
    .map((one) => ({ value: one.code, words: one.title === one.code ? one.code : `${one.code} ${one.title}`, group: t(one.service ? "services" : "goods") }));
}

export const page: Page = {
  title: (ctx) => ctx.t("menu.chains"),
  render(root, ctx) {
    const t = texts(ctx.lang);
    const panel = about(ctx);
    const { state, study } = ctx;
    let place = h("div");
    const view: View = { ctx, t, panel, narrow: innerWidth < NARROW, width: () => place.clientWidth || innerWidth };
    const sourceName = () => study.sources.find((one) => one.name === state.get("source"))?.name ?? study.sources[0]?.name ?? "";
    let industries = industriesOf(ctx, sourceName());
    let now = choice(ctx, industries);
    const sourceOf = () => study.sources.find((one) => one.name === now.source);
    const countries = () => (sourceOf()?.countries ?? []).map((code) => ({ value: code, words: countryName(ctx, code) }));

    const source = select({ label: t("source"), options: study.sources.map((one) => ({ value: one.name, words: one.title })), value: now.source, onChange: (value) => state.patch({ source: value, industry: undefined, year: undefined }) });
    const country = combobox({ label: t("country"), options: countries(), value: now.country, onChange: (value) => state.patch({ country: value }) });
    const industry = select({ label: t("industry"), options: options(t, industries), value: now.industry, onChange: (value) => state.patch({ industry: value }) });
    const year = slider(ctx, { label: t("year"), values: sourceOf()?.years ?? [], value: now.year ?? 0, play: true, onChange: (value) => state.patch({ year: value }, { replace: true }) });
    const depth = select({ label: t("stages"), options: ["1", "2", "3"].map((value) => ({ value, words: value })), value: String(question(state.get("stages"), view.narrow).stages), onChange: (value) => state.patch({ stages: value }) });

    const kind = h("div");
    const unknown = h("div", { hidden: true });
    const opened = () => VIEWS.find((id) => id === state.get("view")) ?? "stages";
    const say = () => {
      const own = options(t, industries);
      const words = (all: readonly Option[], value: string) => all.find((one) => one.value === value)?.words ?? value;
      sayUnknown(ctx, unknown, [
        { kind: t("source"), asked: state.get("source"), known: study.sources.map((one) => one.name), shown: sourceOf()?.title ?? "" },
        { kind: t("country"), asked: state.get("country"), known: sourceOf()?.countries ?? [], shown: countryName(ctx, now.country) },
        { kind: t("industry"), asked: state.get("industry"), known: own.map((one) => one.value), shown: words(own, now.industry) },
        { kind: t("year"), asked: state.get("year"), known: sourceOf()?.years ?? [], shown: String(now.year ?? "") },
        { kind: t("views"), asked: state.get("view"), known: VIEWS, shown: t(`view.${opened()}`) },
      ]);
    };

    const draw = (signal: AbortSignal): Promise<void> => {
      const product: Query = { source: now.source, country: now.country, industry: now.industry, year: now.year };
      panel.point(null);
      depth.element.hidden = opened() !== "stages";
      const said = (world: boolean) => kind.replaceChildren(...(world ? [] : [notice("info", t("national"))]));
      if (opened() === "smile")
        return ctx.load<SmileAnswer>(place, "chains/smile", product, (answer) => (said(answer.world), smileView(view, answer, product)), signal);
      if (opened() === "positions")
        return ctx.load<PositionsAnswer>(place, "chains/positions", product, (answer) => (said(answer.world), positionsView(view, answer, product, now.industry)), signal);
      if (opened() === "income")
        return ctx.load<IncomeAnswer>(place, "chains/income", product, (answer) => (said(answer.world), incomeView(view, answer, product)), signal);
      const query = { ...product, ...question(state.get("stages"), view.narrow) };
      return ctx.load<StagesAnswer>(place, "chains/sankey", query, (answer) => (said(answer.world), stagesView(view, answer, query)), signal);
    };

    const views = tabs({
      label: t("views"),
      tabs: VIEWS.map((id) => ({
        id,
        label: t(`view.${id}`),
        render: (one) => {
          place = h("div", { class: "stack" });
          one.append(place);
        },
      })),
      selected: opened(),
      onSelect: (id) => state.patch({ view: id === "stages" ? undefined : id }),
    });

    root.append(
      h("section", {}, h("p", { class: "lead" }, t("lead"))),
      unknown,
      h("div", { class: "controls" }, study.sources.length > 1 && source.element, country.element, industry.element, year.element, depth.element),
      study.live.tables ? h("div") : notice("warning", t("notables")),
      kind,
      h("div", { class: "with-about" }, views.element, panel.element),
    );

    ctx.watch(["source", "country", "industry", "year", "stages", "view"], async (signal) => {
      industries = industriesOf(ctx, sourceName());
      if (industries.length === 0) {
        const first = choice(ctx, []);
        const known = await ctx.api.get<PositionsAnswer>("chains/positions", { source: first.source, country: first.country, year: first.year }, { signal });
        industries = rowsOf(known).map((row) => ({ code: String(row["industry"]), title: String(row["title"]), service: row["service"] === true }));
      }
      now = choice(ctx, industries);
      source.set(now.source);
      country.set(now.country, countries());
      industry.set(now.industry, options(t, industries));
      if (now.year !== null) year.set(now.year, sourceOf()?.years ?? []);
      depth.set(String(question(state.get("stages"), view.narrow).stages));
      views.set(opened());
      say();
      await draw(signal);
    });
  },
};
