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
import type { Study } from "../types";
import type { IncomeAnswer, PositionsAnswer, SmileAnswer, StagesAnswer } from "./chains/answers";
import { incomeView } from "./chains/income";
import { countryName, type Industry, type Shelf, type View } from "./chains/names";
import { positionsView } from "./chains/positions";
import { smileView } from "./chains/smile";
import { NARROW_STAGES, question, stagesView } from "./chains/stages";

const NARROW = 640;
const VIEWS = ["stages", "smile", "positions", "income"] as const;
/** Electronics, where a source has it: the chain that is told most often. */
const FIRST = ["C26", "c14"];

interface Choice {
  readonly country: string;
  readonly industry: string;
  readonly year: number | null;
}

interface Places extends Omit<Shelf, "table" | "title" | "industries"> {
  readonly industries: Study["industries"][string];
}

interface Uploads {
  readonly uploads: readonly { readonly table: string; readonly name: string; readonly places?: Places }[];
}

function industriesOf(ctx: Context, listed: Study["industries"][string] = []): Industry[] {
  return listed.map((one) => ({ code: one.code, title: ctx.say(one.title), service: one.service ?? null }));
}

/** Those of the session that could be read; none where the server takes none. */
async function ownShelves(ctx: Context): Promise<Shelf[]> {
  try {
    const { uploads } = await ctx.api.get<Uploads>("uploads", {}, { signal: ctx.left });
    return uploads.flatMap(({ table, name, places }) => (places === undefined ? [] : [{ ...places, table, title: name, industries: industriesOf(ctx, places.industries) }]));
  } catch {
    return [];
  }
}

function studyShelf(ctx: Context): Shelf {
  const { study, state } = ctx;
  const source = study.sources.find((one) => one.name === state.get("source")) ?? study.sources[0];
  const { name = "", title = "", countries = [], years = [] } = source ?? {};
  return { table: "", source: name, title, countries, years, industries: industriesOf(ctx, study.industries[name]) };
}

/** What the address says, and the usual where it says nothing or what there is not. */
function choice(ctx: Context, { countries, years, industries }: Shelf): Choice {
  const { study, state } = ctx;
  const wanted = [state.get("country"), ...[study.focus ?? []].flat(), countries[0] ?? ""];
  const codes = industries.map((one) => one.code);
  const first = FIRST.find((code) => codes.includes(code)) ?? industries.find((one) => !one.service)?.code ?? "";
  return {
    country: wanted.find((code) => countries.includes(code)) ?? "",
    industry: codes.includes(state.get("industry")) ? state.get("industry") : first,
    year: years.includes(Number(state.get("year"))) ? Number(state.get("year")) : (years.at(-1) ?? null),
  };
}

function options(t: Say, industries: readonly Industry[]): Option[] {
  return [...industries]
    .sort((a, b) => Number(a.service) - Number(b.service))
    .map((one) => ({ value: one.code, words: one.title === one.code ? one.code : `${one.code} ${one.title}`, ...(one.service === null ? {} : { group: t(one.service ? "services" : "goods") }) }));
}

export const page: Page = {
  title: (ctx) => ctx.t("menu.chains"),
  render(root, ctx) {
    const t = texts(ctx.lang);
    const panel = about(ctx);
    const { state, study } = ctx;
    let place = h("div");
    let shelf = studyShelf(ctx);
    const view: View = { ctx, t, panel, narrow: innerWidth < NARROW, width: () => place.clientWidth || innerWidth, shelf: () => shelf };
    let tables: readonly Shelf[] = [];
    const brought = ownShelves(ctx).then((found) => {
      tables = found;
      own.element.hidden = found.length === 0;
      own.set(state.get("table"), [{ value: "", words: t("table.study") }, ...found.map((one) => ({ value: one.table, words: one.title }))]);
    });
    let now = choice(ctx, shelf);
    const countries = () => shelf.countries.map((code) => ({ value: code, words: countryName(ctx, code) }));
    const anew = { country: undefined, industry: undefined, year: undefined };

    const own = select({ label: t("table"), options: [], value: "", onChange: (table) => state.patch({ ...anew, table, source: undefined }) });
    own.element.hidden = true;
    const source = select({ label: t("source"), options: study.sources.map((one) => ({ value: one.name, words: one.title })), value: shelf.source, onChange: (value) => state.patch({ source: value, industry: undefined, year: undefined }) });
    const country = combobox({ label: t("country"), options: countries(), value: now.country, onChange: (value) => state.patch({ country: value }) });
    const industry = select({ label: t("industry"), options: options(t, shelf.industries), value: now.industry, onChange: (value) => state.patch({ industry: value }) });
    industry.element.classList.add("broad");
    const year = slider(ctx, { label: t("year"), values: shelf.years, value: now.year ?? 0, play: true, onChange: (value) => state.patch({ year: value }, { replace: true }) });
    const depth = select({ label: t("stages"), options: ["1", "2", "3"].map((value) => ({ value, words: value })), value: String(question(state.get("stages"), view.narrow).stages), onChange: (value) => state.patch({ stages: value }) });

    const whose = h("div");
    const kind = h("div");
    const unknown = h("div", { hidden: true });
    const opened = () => VIEWS.find((id) => id === state.get("view")) ?? "stages";
    const say = () => {
      const all = options(t, shelf.industries);
      const words = (value: string) => all.find((one) => one.value === value)?.words ?? value;
      sayUnknown(ctx, unknown, [
        { kind: t("table"), asked: state.get("table"), known: tables.map((one) => one.table), shown: t("table.study") },
        { kind: t("source"), asked: state.get("source"), known: shelf.table ? [shelf.source] : study.sources.map((one) => one.name), shown: shelf.title },
        { kind: t("country"), asked: state.get("country"), known: shelf.countries, shown: countryName(ctx, now.country) },
        { kind: t("industry"), asked: state.get("industry"), known: all.map((one) => one.value), shown: words(now.industry) },
        { kind: t("year"), asked: state.get("year"), known: shelf.years, shown: String(now.year ?? "") },
        { kind: t("views"), asked: state.get("view"), known: VIEWS, shown: t(`view.${opened()}`) },
      ]);
    };

    const draw = (signal: AbortSignal): Promise<void> => {
      const product: Query = { table: shelf.table, source: shelf.source, ...now };
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
      h("div", { class: "controls" }, own.element, study.sources.length > 1 && source.element, country.element, industry.element, year.element, depth.element),
      whose,
      kind,
      h("div", { class: "with-about" }, views.element, panel.element),
    );

    ctx.watch(["table", "source", "country", "industry", "year", "stages", "view"], async (signal) => {
      if (view.narrow && opened() === "stages" && state.get("stages") === "") return state.patch({ stages: NARROW_STAGES }, { replace: true });
      if (state.get("table")) await brought;
      if (signal.aborted) return;
      shelf = tables.find((one) => one.table === state.get("table")) ?? studyShelf(ctx);
      if (shelf.industries.length === 0) {
        const first = choice(ctx, shelf);
        const known = await ctx.api.get<PositionsAnswer>("chains/positions", { source: shelf.source, country: first.country, year: first.year }, { signal });
        shelf = { ...shelf, industries: rowsOf(known).map((row) => ({ code: String(row["industry"]), title: String(row["title"]), service: row["service"] === true })) };
      }
      now = choice(ctx, shelf);
      own.set(shelf.table);
      source.element.hidden = shelf.table !== "";
      source.set(shelf.source);
      country.element.hidden = shelf.countries.every((code) => code === "");
      country.set(now.country, countries());
      industry.set(now.industry, options(t, shelf.industries));
      year.element.hidden = shelf.years.length === 0;
      if (now.year !== null) year.set(now.year, shelf.years);
      depth.set(String(question(state.get("stages"), view.narrow).stages));
      views.set(opened());
      whose.replaceChildren(...(shelf.table ? [notice("info", t("table.own", { name: shelf.title }))] : study.live.tables ? [] : [notice("warning", t("notables"))]));
      say();
      await draw(signal);
    });
  },
};
