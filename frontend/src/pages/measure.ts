import { address } from "../api";
import { h, replace } from "../dom";
import { numeric, rowsOf, type Row } from "../frames";
import type { Context, Page } from "../page";
import { notice } from "../parts/notice";
import { texts, type Say } from "../text/measure";
import type { MeasureAnswer } from "../types";
import { Apart } from "./measure/apart";
import { sayAsked } from "./measure/asked";
import { controls, swap, tablePicker, type Controls } from "./measure/controls";
import { panelOf } from "./measure/data";
import type { Drawn } from "./measure/drawn";
import { Explained } from "./measure/explained";
import { isOfServices, labelName, short } from "./measure/names";
import { contextOf, undated, type Own } from "./measure/own";
import { ADDITIVE, ask, baseQuery, LABELS, measurePath, optionNames, sliceOf, type Question, type Scope, type Slice } from "./measure/question";
import { stage, viewOf, type Stage } from "./measure/stage";
import { askLate, summary } from "./measure/summary";
import type { Shown } from "./measure/views";

/** Milliseconds an answer may take before the controls say what is asked for. */
const PATIENCE = 400;

export const page: Page = {
  title: (ctx) => ctx.t("menu.measure"),
  render(root, ctx) {
    new MeasurePage(root, ctx);
  },
};

/** What the address asks, and of what: the study, or a table that stands for it. */
interface Asking {
  readonly ctx: Context;
  readonly question: Question | null;
}

/** Reads the address, asks, and hands the answer to the views; moves with the year. */
class MeasurePage {
  readonly #t: Say;
  readonly #panel: Explained;
  readonly #uploads: Promise<readonly Own[]>;
  readonly #tables = h("div");
  readonly #choices = h("div");
  readonly #unknown = h("div", { hidden: true });
  readonly #short = h("div");
  readonly #place = h("div", { class: "stack" });
  readonly #apart: Apart;
  #controls: Controls | null = null;
  #scope: Scope | null = null;
  #key = "";
  #drawn: Drawn | null = null;
  #stage: Stage | null = null;

  constructor(
    root: HTMLElement,
    private readonly ctx: Context,
  ) {
    this.#t = texts(ctx.lang);
    this.#panel = new Explained(ctx);
    this.#apart = new Apart(this.#t, this.#panel, () => this.#drawn);
    this.#uploads = this.#brought();
    const main = h("div", { class: "stack" }, this.#place, this.#apart.element);
    root.append(h("div", { class: "stack" }, this.#tables, this.#unknown, this.#choices, this.#short, h("div", { class: "with-about" }, main, this.#panel.element)));
    const asked = ["name", "table", "source", "only", "country", "with", ...LABELS, ...optionNames(ctx.study)];
    ctx.watch(asked, (signal) => this.#ask(signal));
    ctx.watch(["year"], () => this.#move());
    ctx.watch(["view"], () => {
      this.#stage?.tabs.set(viewOf(ctx.state.get("view")));
      this.#sayAsked();
    });
    ctx.watch(["across", "ranked", "second", "all"], () => this.#stage?.tabs.reset());
    ctx.watch(["cell", "name", "table", "source", ...optionNames(ctx.study)], (signal) => this.#take(signal));
  }

  async #brought(): Promise<readonly Own[]> {
    const { ctx } = this;
    try {
      const { uploads } = await ctx.api.get<{ uploads: Own[] }>("uploads", {}, { signal: ctx.left });
      const readable = uploads.filter((one) => one.error === undefined);
      if (readable.length > 0) replace(this.#tables, tablePicker(ctx, this.#t, readable, ctx.state.get("table")));
      return readable;
    } catch {
      return []; // a server without uploads: the study's tables are all there is
    }
  }

  /** Waits for the table the address names; one there is not leaves the study's. */
  async #asking(signal: AbortSignal, place = h("div")): Promise<Asking> {
    const { ctx } = this;
    const table = ctx.state.get("table");
    let own = table === "" ? undefined : (await this.#uploads).find((one) => one.table === table);
    if (own !== undefined && own.can === undefined) await ctx.load<Own>(place, `uploads/${table}`, {}, (found) => void (own = found), signal);
    if (own?.can === undefined) return { ctx, question: ask(ctx) };
    const other = contextOf(ctx, own);
    return { ctx: other, question: ask(other, table) };
  }

  async #take(signal: AbortSignal): Promise<void> {
    if (this.ctx.state.get("cell") !== "") this.#panel.open();
    const { ctx, question } = await this.#asking(signal);
    if (!signal.aborted) await this.#apart.show(ctx, question, signal);
  }

  async #ask(signal: AbortSignal): Promise<void> {
    this.#place.setAttribute("aria-busy", "true");
    const { ctx, question } = await this.#asking(signal, this.#place);
    if (signal.aborted) return;
    this.#place.removeAttribute("aria-busy");
    if (question === null) return replace(this.#place, notice("info", this.#t("empty")));
    const [path, bare] = [measurePath(question), { ...baseQuery(question), bare: true }];
    const key = address(path, bare);
    if (key !== this.#key || this.#scope === null) {
      this.#scope = null;
      const early = setTimeout(() => signal.aborted || this.#firstControls(ctx, question), this.#controls === null ? 0 : PATIENCE);
      signal.addEventListener("abort", () => clearTimeout(early));
      await ctx.load<Scope & MeasureAnswer>(
        this.#place,
        path,
        bare,
        (answer) => {
          clearTimeout(early);
          this.#key = key;
          this.#scope = { ...answer, sums: ADDITIVE.has(question.info.name) && (answer.labels.group?.length ?? 0) > 1 && isOfServices(ctx, question.options["grouping"] ?? "") };
          this.#panel.measure(answer.about);
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
    sayAsked(ctx, this.#t, this.#unknown, question, found);
    if (found.countries.length === 0) return;
    const scope = { ...found, ...(await this.#start(ctx, path, question, found, signal)) };
    if (signal.aborted) return;
    const slice = sliceOf(ctx, scope);
    this.#controls?.show(slice);
    const query = { ...baseQuery(question), ...slice.labels };
    await ctx.load<MeasureAnswer>(this.#place, path, query, (answer) => this.#draw(ctx, question, scope, answer, query, signal), signal);
  }

  /** Not every pair of labels has a number: the country's first that has one, of the usual industry if possible. */
  async #start(ctx: Context, path: string, question: Question, scope: Scope, signal: AbortSignal): Promise<Pick<Scope, "start">> {
    const kinds = LABELS.filter((name) => (scope.labels[name]?.length ?? 0) > 1);
    if (!kinds.includes("partner") && !kinds.includes("part")) return {};
    const { country, year, labels } = sliceOf(ctx, scope);
    let rows: Row[] = [];
    await ctx.load<MeasureAnswer>(this.#place, path, { ...baseQuery(question), country, ...(year === 0 ? {} : { year }) }, (answer) => void (rows = rowsOf(answer)), signal);
    const asked = kinds.filter((name) => ctx.state.get(name) !== "" && scope.labels[name]?.includes(ctx.state.get(name)));
    const held = rows.filter((row) => numeric(row["value"]) !== null && asked.every((name) => row[name] === ctx.state.get(name)));
    const full = held.filter((row) => kinds.every((name) => row[name] !== ""));
    const first = full.find((row) => row["industry"] === labels.industry) ?? full[0] ?? held[0];
    return first === undefined ? {} : { start: Object.fromEntries(kinds.map((name) => [name, String(first[name] ?? "")])) };
  }

  /** Something to choose from while the first numbers are computed, or when they cannot be. */
  #firstControls(ctx: Context, question: Question): void {
    this.#controls = controls(ctx, this.#t, question, { labels: {}, countries: [], years: [], stored: false });
    swap(this.#choices, this.#controls.element);
    replace(this.#short);
  }

  #draw(ctx: Context, question: Question, scope: Scope, answer: MeasureAnswer, query: Record<string, unknown>, signal: AbortSignal): HTMLElement[] {
    const panel = panelOf(answer, sliceOf(ctx, scope).summed);
    const t = scope.years.length === 0 ? undated(this.#t) : this.#t;
    const path = measurePath(question);
    const words = (slice: Slice) =>
      [ctx.say(answer.about.title), ...(["industry", "group", "part", "partner"] as const).flatMap((kind) => (slice.labels[kind] && (scope.labels[kind]?.length ?? 0) > 1 ? short(labelName(ctx, question, kind, slice.labels[kind] ?? "")) : [])), slice.summed && t("group.all")].filter(Boolean).join(" · ");
    const shown = (): Shown => {
      const slice = sliceOf(ctx, scope);
      return { ctx, t, about: answer.about, title: words(slice), panel, slice, path, query: query as Shown["query"], pick: (place) => this.#apart.pick(place, question), point: (one, facts) => this.#panel.point(one, facts ?? answer.about) };
    };
    this.#panel.measure(answer.about);
    const drawn: Drawn = {
      ...{ ctx, t, shown, question, scope, answer, signal },
      current: () => drawn === this.#drawn,
      summary: () => this.#summary(),
      pick: (place, other) => this.#apart.pick(place, other),
      band: null,
      services: null,
      late: null,
      refresh: new Set(),
    };
    this.#drawn = drawn;
    askLate(drawn);
    this.#summary();
    if (question.table === "") ctx.at(sliceOf(ctx, scope).labels.industry ?? "");
    this.#stage = stage(drawn);
    this.#apart.mark();
    return this.#stage.nodes;
  }

  #summary(): void {
    if (this.#drawn !== null) replace(this.#short, summary(this.#drawn));
  }

  #sayAsked(): void {
    if (this.#drawn !== null) sayAsked(this.#drawn.ctx, this.#t, this.#unknown, this.#drawn.question, this.#drawn.scope);
  }

  #move(): void {
    const drawn = this.#drawn;
    if (drawn === null) return;
    this.#stage?.move();
    this.#controls?.show(drawn.shown().slice);
    this.#sayAsked();
    this.#summary();
    for (const run of [...drawn.refresh]) run();
  }
}
