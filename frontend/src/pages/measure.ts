import { address } from "../api";
import { h, replace } from "../dom";
import { quantity } from "../format";
import { numeric, rowsOf, type Row } from "../frames";
import type { Context, Page } from "../page";
import { about } from "../parts/about";
import { figure, type Figure } from "../parts/chart";
import { hasMap, worldMap } from "../parts/map";
import { notice } from "../parts/notice";
import { sayUnknown } from "../parts/unknown";
import { select } from "../parts/select";
import { slider } from "../parts/slider";
import { tabs } from "../parts/tabs";
import { texts, type Say } from "../text/measure";
import type { MeasureAnswer } from "../types";
import { answers } from "./measure/answer";
import { cellView, type CellReply } from "./measure/cell";
import { controls, swap, tablePicker, type Controls } from "./measure/controls";
import { gapsOf, panelOf } from "./measure/data";
import { bandOf, bandWords, definitionsView, type Spread } from "./measure/definitions";
import { heat, plans, usualPlan, type Across } from "./measure/heat";
import { countryName, groupingOf, isOfServices, labelName, short } from "./measure/names";
import { ADDITIVE, ALL, ask, baseQuery, LABELS, measurePath, optionChanges, optionNames, sliceOf, type Question, type Scope, type Slice } from "./measure/question";
import { scatter, secondOf, secondOptions, wordsOf, written } from "./measure/scatter";
import { servicesAcross, servicesOverTime, servicesPlan, sharesOf, type ServicesPlan } from "./measure/services";
import { mapView, noteOf, ranking, tableView, trend, type Band, type Place, type Shown } from "./measure/views";

const VIEWS = ["all", "trend", "rank", "map", "services", "heat", "scatter", "definitions", "table"] as const;
type ViewName = (typeof VIEWS)[number];
const SEPARATOR = "~";
/** Milliseconds an answer may take before the controls say what is asked for. */
const PATIENCE = 400;

export const page: Page = {
  title: (ctx) => ctx.t("menu.measure"),
  render(root, ctx) {
    new MeasurePage(root, ctx);
  },
};

/** Everything drawn for one slice; thrown away with the next. */
interface Drawn {
  readonly shown: (year?: number) => Shown;
  readonly question: Question;
  readonly scope: Scope;
  readonly answer: MeasureAnswer;
  readonly signal: AbortSignal;
  band: Band | null;
  services: { plan: ServicesPlan; answer: MeasureAnswer } | null;
  /** Redraws what a year or a late answer changes. */
  readonly refresh: Set<() => void>;
}

class MeasurePage {
  readonly #t: Say;
  readonly #panel;
  readonly #tables = h("div");
  readonly #choices = h("div");
  readonly #unknown = h("div", { hidden: true });
  readonly #short = h("div");
  readonly #stage = h("div", { class: "stack" });
  readonly #cell = h("section", { class: "card cell", hidden: true });
  #controls: Controls | null = null;
  #scope: Scope | null = null;
  #key = "";
  #drawn: Drawn | null = null;
  #tabs: ReturnType<typeof tabs> | null = null;
  #slider: ReturnType<typeof slider> | null = null;

  constructor(
    root: HTMLElement,
    private readonly ctx: Context,
  ) {
    this.#t = texts(ctx.lang);
    this.#panel = about(ctx);
    const main = h("div", { class: "stack" }, this.#stage, this.#cell);
    root.append(h("div", { class: "stack" }, this.#tables, this.#unknown, this.#choices, this.#short, h("div", { class: "with-about" }, main, this.#panel.element)));
    void this.#uploads();
    const asked = ["name", "table", "source", "only", "country", "with", ...LABELS, ...optionNames(ctx.study)];
    ctx.watch(asked, (signal) => this.#ask(signal));
    ctx.watch(["year"], () => this.#move());
    ctx.watch(["view"], () => {
      this.#tabs?.set(this.#view());
      if (this.#drawn !== null) this.#sayUnknown(this.#drawn.question, this.#drawn.scope);
    });
    ctx.watch(["across", "second", "all"], () => this.#tabs?.reset());
    ctx.watch(["cell", "name", ...optionNames(ctx.study)], (signal) => this.#takeApart(signal));
  }

  #view(): ViewName {
    const asked = this.ctx.state.get("view");
    return VIEWS.find((name) => name === asked) ?? "all";
  }

  async #uploads(): Promise<void> {
    const { ctx } = this;
    try {
      const { uploads } = await ctx.api.get<{ uploads: { table: string; name: string }[] }>("uploads", {}, { signal: ctx.left });
      if (uploads.length > 0) replace(this.#tables, tablePicker(ctx, this.#t, uploads, ctx.state.get("table")));
    } catch {
      // a server without uploads: the study's tables are all there is
    }
  }

  async #ask(signal: AbortSignal): Promise<void> {
    const { ctx } = this;
    const question = ask(ctx);
    if (question === null) return;
    const [path, bare] = [measurePath(question), { ...baseQuery(question), bare: true }];
    const key = address(path, bare);
    if (key !== this.#key || this.#scope === null) {
      this.#scope = null;
      const early = setTimeout(() => signal.aborted || this.#firstControls(question), this.#controls === null ? 0 : PATIENCE);
      signal.addEventListener("abort", () => clearTimeout(early));
      await ctx.load<Scope & MeasureAnswer>(
        this.#stage,
        path,
        bare,
        (answer) => {
          clearTimeout(early);
          this.#key = key;
          this.#scope = { ...answer, sums: ADDITIVE.has(question.info.name) && (answer.labels.group?.length ?? 0) > 1 && isOfServices(ctx, question.options["grouping"] ?? "") };
          this.#panel.show(answer.about);
          const made = controls(ctx, this.#t, question, this.#scope);
          swap(this.#choices, made.element);
          this.#controls = made;
          if (answer.countries.length > 0) return;
          replace(this.#short);
          return [notice("warning", this.#t("empty"), h("ul", {}, (answer.about.problems ?? []).map((words) => h("li", {}, words))))];
        },
        signal,
      );
    }
    const found = this.#scope as Scope | null;
    if (signal.aborted || found === null) return;
    this.#sayUnknown(question, found);
    if (found.countries.length === 0) return;
    const scope = { ...found, ...(await this.#start(path, question, found, signal)) };
    if (signal.aborted) return;
    const slice = sliceOf(ctx, scope);
    this.#controls?.show(slice);
    const query = { ...baseQuery(question), ...slice.labels };
    await ctx.load<MeasureAnswer>(this.#stage, path, query, (answer) => this.#draw(question, scope, answer, query, signal), signal);
  }

  /** Not every pair of labels has a number: the country's first that has one, of the usual industry if possible. */
  async #start(path: string, question: Question, scope: Scope, signal: AbortSignal): Promise<Pick<Scope, "start">> {
    const { ctx } = this;
    const kinds = LABELS.filter((name) => (scope.labels[name]?.length ?? 0) > 1);
    if (!kinds.includes("partner") && !kinds.includes("part")) return {};
    const { country, year, labels } = sliceOf(ctx, scope);
    let rows: Row[] = [];
    await ctx.load<MeasureAnswer>(this.#stage, path, { ...baseQuery(question), country, year }, (answer) => void (rows = rowsOf(answer)), signal);
    const asked = kinds.filter((name) => ctx.state.get(name) !== "" && scope.labels[name]?.includes(ctx.state.get(name)));
    const held = rows.filter((row) => numeric(row["value"]) !== null && asked.every((name) => row[name] === ctx.state.get(name)));
    const full = held.filter((row) => kinds.every((name) => row[name] !== ""));
    const first = full.find((row) => row["industry"] === labels.industry) ?? full[0] ?? held[0];
    return first === undefined ? {} : { start: Object.fromEntries(kinds.map((name) => [name, String(first[name] ?? "")])) };
  }

  /** What the address asks for and there is not, with what is shown instead. */
  #sayUnknown(question: Question, scope: Scope): void {
    const { ctx } = this;
    const { state, study } = ctx;
    const t = this.#t;
    const slice = sliceOf(ctx, scope);
    const named = (kind: (typeof LABELS)[number]) => {
      const label = slice.labels[kind];
      return kind === "group" && slice.summed ? t("group.all") : label === undefined ? "" : labelName(ctx, question, kind, label);
    };
    const asked = state.list("country");
    const first = asked.slice(0, 1).filter((code) => !scope.countries.includes(code));
    const none = scope.countries.length === 0;
    sayUnknown(ctx, this.#unknown, [
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

  /** Something to choose from while the first numbers are computed, or when they cannot be. */
  #firstControls(question: Question): void {
    this.#controls = controls(this.ctx, this.#t, question, { labels: {}, countries: [], years: [], stored: false });
    swap(this.#choices, this.#controls.element);
    replace(this.#short);
  }

  #draw(question: Question, scope: Scope, answer: MeasureAnswer, query: Record<string, unknown>, signal: AbortSignal): HTMLElement[] {
    const { ctx } = this;
    const panel = panelOf(answer, sliceOf(ctx, scope).summed);
    const path = measurePath(question);
    const words = (slice: Slice) =>
      [ctx.say(answer.about.title), ...(["industry", "group", "part", "partner"] as const).flatMap((kind) => (slice.labels[kind] && (scope.labels[kind]?.length ?? 0) > 1 ? short(labelName(ctx, question, kind, slice.labels[kind] ?? "")) : [])), slice.summed && this.#t("group.all")].filter(Boolean).join(" · ");
    const shown = (): Shown => {
      const slice = sliceOf(ctx, scope);
      return { ctx, t: this.#t, about: answer.about, title: words(slice), panel, slice, path, query: query as Shown["query"], pick: (place) => this.#pick(place, question), point: (one) => this.#panel.point(one) };
    };
    this.#panel.show(answer.about);
    this.#panel.point(null);
    const drawn: Drawn = { shown, question, scope, answer, signal, band: null, services: null, refresh: new Set() };
    this.#drawn = drawn;
    this.#summary();
    this.#late(drawn);
    return this.#views(drawn);
  }

  #views(drawn: Drawn): HTMLElement[] {
    const { ctx } = this;
    const { scope, question } = drawn;
    const slice = drawn.shown().slice;
    const can: Partial<Record<ViewName, boolean>> = {
      trend: scope.years.length > 1,
      rank: scope.countries.length > 1,
      map: hasMap(ctx.study) && scope.countries.length > 1 && question.table === "",
      services: servicesPlan(ctx, question, scope, slice) !== null,
      scatter: scope.countries.length > 1 && question.table === "",
      definitions: question.options["grouping"] !== undefined,
    };
    this.#slider = scope.years.length > 1 ? slider(ctx, { label: this.#t("year"), values: scope.years, value: slice.year, play: true, onChange: (year) => ctx.state.patch({ year }, { replace: true }) }) : null;
    this.#tabs = tabs({
      label: this.#t("views"),
      tabs: VIEWS.filter((name) => can[name] !== false).map((name) => ({
        id: name,
        label: this.#t(`view.${name}`),
        render: (panel) => {
          drawn.refresh.clear();
          if (drawn === this.#drawn) this.#show(drawn, name, panel, can);
        },
      })),
      selected: this.#view(),
      onSelect: (view) => ctx.state.patch({ view: view === "all" ? undefined : view }),
    });
    return [...(this.#slider ? [h("div", { class: "card timeline" }, this.#slider.element)] : []), this.#tabs.element, this.#gaps(drawn)];
  }

  #show(drawn: Drawn, name: ViewName, panel: HTMLElement, can: Partial<Record<ViewName, boolean>>): void {
    const parts: Record<ViewName, () => HTMLElement[]> = {
      all: () => {
        const column = (...names: ViewName[]) => h("div", { class: "stack" }, names.filter((one) => can[one] !== false).flatMap((one) => parts[one]()));
        return [column("trend", "services"), column("rank", "map")].filter((one) => one.childElementCount > 0);
      },
      trend: () => [this.#figure(drawn, (shown) => trend(shown, drawn.band))],
      rank: () => [this.#figure(drawn, ranking)],
      map: () => [this.#map(drawn)],
      services: () => [this.#services(drawn)],
      heat: () => [this.#heat(drawn)],
      scatter: () => [this.#scatter(drawn)],
      definitions: () => [this.#definitions(drawn)],
      table: () => [this.#table(drawn)],
    };
    panel.append(
      h("p", { class: "lead title" }, h("strong", {}, drawn.shown().title), " ", h("small", {}, noteOf(drawn.shown()))),
      h("div", { class: name === "all" ? "figures" : "stack" }, parts[name]()),
      h("p", { class: "hint" }, this.#t("cell.pick")),
    );
  }

  #figure(drawn: Drawn, spec: (shown: Shown) => Parameters<Figure["set"]>[0]): HTMLElement {
    const made = figure(this.ctx, spec(drawn.shown()));
    drawn.refresh.add(() => made.set(spec(drawn.shown())));
    return made.element;
  }

  #map(drawn: Drawn): HTMLElement {
    const made = worldMap(this.ctx, mapView(drawn.shown()));
    drawn.refresh.add(() => made.set(mapView(drawn.shown())));
    return made.element;
  }

  #table(drawn: Drawn): HTMLElement {
    const place = h("div", { class: "card" });
    const draw = () => replace(place, tableView(drawn.shown()));
    draw();
    drawn.refresh.add(draw);
    return place;
  }

  /** What is asked for beside the slice: the spread over definitions, the service groups. */
  #late(drawn: Drawn): void {
    const { ctx } = this;
    const { question, scope } = drawn;
    const slice = drawn.shown().slice;
    const again = () => {
      if (drawn !== this.#drawn) return;
      this.#summary();
      for (const run of [...drawn.refresh]) run();
    };
    const quiet = () => undefined;
    if (question.options["grouping"] !== undefined && (scope.labels.group?.length ?? 0) < 2)
      ctx.api
        .get<Spread>(this.#spreadPath(drawn), this.#spreadQuery(drawn, false), { signal: drawn.signal })
        .then((spread) => {
          drawn.band ??= bandOf(spread);
          again();
        })
        .catch(quiet);
    const plan = servicesPlan(ctx, question, scope, slice);
    if (plan !== null)
      ctx.api
        .get<MeasureAnswer>(measurePath(plan.question), plan.query, { signal: drawn.signal })
        .then((answer) => {
          drawn.services = { plan, answer };
          again();
        })
        .catch(quiet);
  }

  #summary(): void {
    const drawn = this.#drawn;
    if (drawn === null) return;
    const { ctx } = this;
    const shown = drawn.shown();
    const { slice } = shown;
    const services = drawn.services && { shares: sharesOf(this.ctx, drawn.services.plan, drawn.services.answer, slice.country, slice.year), additive: drawn.services.plan.additive, of: ctx.say(groupingOf(ctx, drawn.services.plan.whole)?.title ?? ""), services: isOfServices(ctx, drawn.services.plan.whole) };
    replace(this.#short, answers(shown, drawn.band === null ? "" : bandWords(shown, drawn.band), this.#why(drawn, slice.country, slice.year) ?? "", services));
  }

  #spreadPath(drawn: Drawn): string {
    return `spread/${drawn.question.info.name}`;
  }

  #spreadQuery(drawn: Drawn, all: boolean) {
    const { slice } = drawn.shown();
    const { group: _group, ...labels } = slice.labels;
    return { ...baseQuery(drawn.question), ...labels, country: slice.country, ...(all ? { all: true } : {}) };
  }

  #definitions(drawn: Drawn): HTMLElement {
    const { ctx } = this;
    const place = h("div", { class: "stack" });
    const all = ctx.state.get("all") === "true";
    const query = this.#spreadQuery(drawn, all);
    void ctx.load<Spread>(
      place,
      this.#spreadPath(drawn),
      query,
      (spread) => {
        if (all && (drawn.scope.labels.group?.length ?? 0) < 2 && drawn.band?.count !== spread.definitions.length) {
          drawn.band = bandOf(spread) ?? drawn.band;
          this.#summary();
        }
        const choose = (grouping: string) => ctx.state.patch({ ...optionChanges(drawn.question, { grouping }), group: undefined });
        const spec = (shown: Shown) => definitionsView(shown, spread, drawn.question.options["grouping"] ?? "", query, choose);
        const more = spread.more > 0 && (ctx.study.live.tables || drawn.question.table) && h("p", { class: "actions" }, h("button", { type: "button", onclick: () => ctx.state.patch({ all: "true" }) }, this.#t("definitions.all")));
        const nodes: (HTMLElement | false | "")[] = [more, spread.columns === undefined ? notice("info", this.#t("definitions.few")) : this.#figure(drawn, spec)];
        return nodes.filter((node): node is HTMLElement => node instanceof HTMLElement);
      },
      drawn.signal,
    );
    return place;
  }

  #services(drawn: Drawn): HTMLElement {
    const { ctx } = this;
    const place = h("div", { class: "services" });
    const { question, scope } = drawn;
    const plan = servicesPlan(ctx, question, scope, drawn.shown().slice);
    if (plan === null) return place;
    const pick = (one: Place, other: Question) => this.#pick(one, other);
    const load = () =>
      ctx.load<MeasureAnswer>(
        place,
        measurePath(plan.question),
        plan.query,
        (answer) => {
          if (drawn.services === null) {
            drawn.services = { plan, answer };
            this.#summary();
          }
          return [
            this.#figure(drawn, (shown) => servicesOverTime(shown, plan, answer, pick)),
            ...(drawn.shown().slice.others.length > 0 ? [this.#figure(drawn, (shown) => servicesAcross(shown, plan, answer, pick))] : []),
          ];
        },
        drawn.signal,
      );
    void load();
    return place;
  }

  #heat(drawn: Drawn): HTMLElement {
    const { ctx } = this;
    const place = h("div");
    const all = () => plans(ctx, drawn.question, drawn.scope, drawn.shown().slice);
    const words = (across: Across) => this.#t(`across.${across}`);
    const offered = all().map((one) => ({ value: one.across, words: one.question.stored || one.question === drawn.question || drawn.question.table ? words(one.across) : `${words(one.across)} (${this.#t("now")})` }));
    const chosen = usualPlan(all(), ctx.state.get("across"))?.across ?? "year";
    const control = select({ label: this.#t("heat.across"), options: offered, value: chosen, onChange: (across) => ctx.state.patch({ across }) });
    let made: Figure | null = null;
    const load = () => {
      const plan = all().find((one) => one.across === chosen);
      if (plan === undefined) return;
      void ctx.load<MeasureAnswer>(
        place,
        measurePath(plan.question),
        plan.query,
        (answer) => {
          const spec = heat(drawn.shown(), plan, answer, (one, other) => this.#pick(one, other));
          if (made !== null && place.contains(made.element)) made.set(spec);
          else {
            made = figure(ctx, spec);
            return made.element;
          }
          return;
        },
        drawn.signal,
      );
    };
    load();
    if (chosen !== "year") drawn.refresh.add(load);
    return h("div", { class: "stack" }, h("div", { class: "controls" }, control.element), place);
  }

  #scatter(drawn: Drawn): HTMLElement {
    const { ctx } = this;
    const place = h("div");
    const { question } = drawn;
    const offered = secondOptions(ctx, this.#t, question);
    const own = written({ info: question.info, options: question.options, only: question.only, group: "" });
    const kin = offered.filter((one) => one.second.info !== question.info && one.option.group === this.#t("held"));
    const usual = kin.find((one) => one.second.options["by"] === question.options["by"] && one.second.group === "") ?? kin[0] ?? offered.find((one) => one.option.value !== own) ?? offered[0];
    const second = secondOf(ctx, ctx.state.get("second")) ?? usual?.second;
    if (second === undefined) return notice("info", ctx.t("chart.nothing"));
    const value = written(second);
    const options = offered.map((one) => one.option);
    const control = select({
      label: this.#t("scatter.second"),
      options: options.some((one) => one.value === value) ? options : [{ value, words: wordsOf(ctx, this.#t, second) }, ...options],
      value,
      onChange: (next) => ctx.state.patch({ second: next }),
    });
    control.element.classList.add("broad");
    const path = measurePath(second);
    const base = baseQuery({ options: second.options, only: second.only, source: question.source, table: "" });
    void ctx.load<Scope & MeasureAnswer>(
      place,
      path,
      { ...base, bare: true },
      (found) => {
        const wanted = { ...drawn.shown().slice.labels, ...(second.group ? { group: second.group } : {}) };
        const labels = Object.fromEntries(
          LABELS.flatMap((name) => {
            const known = found.labels[name];
            if (known === undefined) return [];
            const label = known.find((one) => one === wanted[name]) ?? known[0];
            return label === undefined ? [] : [[name, label]];
          }),
        );
        void ctx.load<MeasureAnswer>(
          place,
          path,
          { ...base, ...labels },
          (answer) => {
            const other = panelOf(answer);
            const words = {
              first: drawn.shown().title,
              second: [wordsOf(ctx, this.#t, second), labels["industry"] !== undefined && (found.labels.industry?.length ?? 0) > 1 ? labelName(ctx, { ...question, info: second.info, options: second.options }, "industry", String(labels["industry"])) : ""].filter(Boolean).join(" · "),
            };
            return this.#figure(drawn, (shown) => scatter(shown, other, answer.about, words));
          },
          drawn.signal,
        );
      },
      drawn.signal,
    );
    return h("div", { class: "stack" }, h("div", { class: "controls" }, control.element), place);
  }

  #why(drawn: Drawn, country: string, year: number): string | undefined {
    return gapsOf(drawn.answer.undefined).find((one) => one.country === country && one.year === year)?.reason;
  }

  /** Countries without a number in the year, and why. */
  #gaps(drawn: Drawn): HTMLElement {
    const place = h("div");
    const { ctx } = this;
    const draw = () => {
      const { slice, panel } = drawn.shown();
      const missing = drawn.scope.countries.filter((code) => panel.value(code, slice.year) === null);
      if (missing.length === 0) return replace(place);
      const why = (code: string) => this.#why(drawn, code, slice.year);
      replace(
        place,
        h(
          "details",
          { class: "card" },
          h("summary", {}, this.#t("undefined.title", { count: missing.length, all: drawn.scope.countries.length, year: slice.year })),
          h("ul", {}, missing.map((code) => h("li", {}, countryName(ctx, code), ": ", why(code) || this.#t(why(code) === undefined ? "undefined.absent" : "undefined.unknown")))),
        ),
      );
    };
    draw();
    this.#yearly = draw;
    return place;
  }

  #yearly: () => void = () => undefined;

  #move(): void {
    const drawn = this.#drawn;
    if (drawn === null) return;
    const { slice } = drawn.shown();
    this.#slider?.set(slice.year);
    this.#controls?.show(slice);
    this.#sayUnknown(drawn.question, drawn.scope);
    this.#summary();
    this.#yearly();
    for (const run of [...drawn.refresh]) run();
  }

  // -- one number taken apart --------------------------------------------------------------------

  #pick(place: Place, question: Question): void {
    const drawn = this.#drawn;
    if (drawn === null) return;
    const { labels } = drawn.shown().slice;
    const grouping = question.options["grouping"] === drawn.question.options["grouping"];
    const industry = place.industry ?? labels.industry ?? "";
    const group = place.group ?? (grouping ? (labels.group ?? "") : "");
    const by = question.options["by"] ?? "";
    const cell = [place.country, industry, group, place.year, by, question.options["grouping"] ?? "", question.only].join(SEPARATOR);
    if (this.ctx.state.get("cell") === cell) this.#cell.scrollIntoView({ block: "start" });
    this.#wanted = true;
    this.ctx.state.patch({ cell });
  }

  #wanted = false;

  async #takeApart(signal: AbortSignal): Promise<void> {
    const { ctx } = this;
    const text = ctx.state.get("cell");
    const question = ask(ctx);
    this.#cell.hidden = text === "" || question === null;
    if (text === "" || question === null) return replace(this.#cell);
    const [country = "", industry = "", group = "", year = "", by = "", grouping = "", only = ""] = text.split(SEPARATOR);
    const options = { ...question.options, ...(by && "by" in question.options ? { by } : {}), ...(grouping && "grouping" in question.options ? { grouping } : {}) };
    const other: Question = { ...question, options, only };
    const path = `cell/${question.info.name}`;
    const query = { ...baseQuery(other), source: question.table ? undefined : question.source, country, industry, group, year };
    const title = h("h2", { tabindex: -1 }, this.#t("cell.title"));
    const place = h("div", { class: "stack" });
    const where = [countryName(ctx, country), industry && labelName(ctx, other, "industry", industry), group && labelName(ctx, other, "group", group), year].filter(Boolean).join(" · ");
    const words = h("p", { class: "lead" }, where);
    const current = this.#drawn?.shown().slice.country;
    replace(
      this.#cell,
      h(
        "div",
        { class: "bar" },
        title,
        h(
          "div",
          { class: "actions" },
          current !== country && h("button", { type: "button", onclick: () => ctx.state.patch({ country, with: [current ?? "", ...(this.#drawn?.shown().slice.others ?? [])].filter((code) => code && code !== country) }) }, this.#t("cell.mark", { country: countryName(ctx, country) })),
          h("button", { type: "button", onclick: () => ctx.state.patch({ cell: undefined }) }, this.#t("cell.close")),
        ),
      ),
      words,
      place,
    );
    if (this.#wanted) {
      this.#wanted = false;
      title.focus({ preventScroll: true });
      this.#cell.scrollIntoView({ block: "start" });
    }
    await ctx.load<CellReply>(
      place,
      path,
      query,
      (reply) => {
        replace(words, h("strong", {}, reply.value === null ? ctx.t("table.undefined") : `${ctx.say(reply.about.title)}: ${numberWords(ctx, reply)}`), " · ", where);
        this.#panel.show(reply.about);
        this.#panel.point({ label: where, value: numberWords(ctx, reply) });
        return cellView(ctx, this.#t, reply, path, query, (one) => this.#panel.point(one));
      },
      signal,
    );
  }
}

function numberWords(ctx: Context, reply: CellReply): string {
  const value = numeric(reply.value);
  return value === null ? ctx.t("table.undefined") : quantity(value, reply.about.unit, ctx.lang);
}
