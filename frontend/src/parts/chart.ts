/** A figure: the chart, the same as a table, and everything to take away. */

import type { EChartsOption } from "echarts";
import type { EChartsType } from "echarts/core";
import { fresh, h, onRelease, replace } from "../dom";
import type { Context } from "../page";
import { coloursOf, type Colours, type Theme } from "../theme";
import { core, look } from "./echarts";
import { painted, savePng, saveSvg, type Plate } from "./export";
import { dataLinks } from "./files";
import { imprint, warning, type Imprinted } from "./imprint";
import { notice } from "./notice";
import { closeOutside } from "./select";
import { table, type TableSpec } from "./table";

/** What ECharts says about the thing under the cursor. */
export interface Hit {
  readonly name: string;
  readonly seriesName: string;
  readonly seriesIndex: number;
  readonly dataIndex: number;
  readonly dataType: string | undefined;
  readonly data: unknown;
  readonly value: unknown;
}

export interface FigureSpec extends Imprinted {
  readonly title: string;
  /** What can be done with the figure: only on the page. */
  readonly hint?: string;
  /** What the numbers are of where the title leaves it to the page: heads the figure on paper and in files. */
  readonly subject?: string;
  /** The figure in words for those who do not see it; the title where there is none. */
  readonly words?: string;
  /** `width`: pixels across the drawing, which on paper and in files are not those of the page. */
  readonly option: (colours: Colours, width: number) => EChartsOption;
  /** The same numbers; every figure has them. */
  readonly table: TableSpec;
  /** Stem of the names of exported figures. */
  readonly name: string;
  /** The address that gave the data (`address(path, query)`): adds the data exports. */
  readonly data?: string;
  readonly height?: "low" | "middle" | "high" | "tall";
  /** Pixels, where the number of rows decides. */
  readonly pixels?: number;
  readonly onPick?: (hit: Hit) => void;
  readonly onPoint?: (hit: Hit | null) => void;
  /** Position on the first axis under the cursor, with `tooltip: {trigger: "axis"}`: the place of the category, or the value. */
  readonly onAxis?: (at: number) => void;
}

export interface Figure {
  readonly element: HTMLElement;
  readonly set: (spec: FigureSpec) => void;
}

/** Pixels across an A4 page between its margins and those of the card, and the most down; CSS fits the drawing to any other paper. */
const PAPER = { width: 680, most: 520 };
/** The same where figures stand side by side. */
const COLUMN = { width: 326, most: 250 };
/** The most down where rows decide: what fits on a page with its words. */
const SHEET = 670;
const USUAL = 352;
/** Pixels across an exported figure, at least: its texts are whole sentences. */
const LEAST = 640;
const ALWAYS: EChartsOption = { animation: false };

/** Tooltips are drawn on the canvas: the page's policy allows no markup made of text. */
function complete(option: EChartsOption): EChartsOption {
  const { legend, tooltip } = option;
  return {
    ...ALWAYS,
    ...option,
    ...(legend && !Array.isArray(legend) ? { legend: { type: "scroll", ...legend } } : {}),
    ...(tooltip && !Array.isArray(tooltip) ? { tooltip: { confine: true, ...tooltip, renderMode: "richText" } } : {}),
  };
}

/** What a figure is called in the address: the same for every year and country. */
function keyOf(name: string): string {
  return name.replace(/-\d{4}$/, "-year").replace(/-[A-Z][A-Z0-9]{2}(?=-|$)/, "-country");
}

export function figure(ctx: Pick<Context, "t" | "lang" | "theme" | "study" | "left" | "state">, first: FigureSpec): Figure {
  let spec = first;
  let chart: EChartsType | null = null;
  const paper = matchMedia("print");
  const asked = () => ctx.state.list("as_table").includes(keyOf(spec.name));
  let tabular = asked();
  let tall = USUAL;
  const titleId = fresh("figure");
  const title = h("h2", { id: titleId });
  const host = h("div", { class: "host", role: "img" });
  const alternative = h("div", { class: "alternative", hidden: true });
  const note = h("figcaption");
  const above = h("p", { class: "printed above" });
  const below = h("div", { class: "printed below" });
  const picture = h("div", { class: "printed picture" });
  const toggle = h("button", { type: "button", onclick: () => flip() });
  const menu = h("div", { class: "drop" });
  const exports = h("details", { class: "menu" }, h("summary", {}, ctx.t("chart.export")), menu);
  closeOutside(exports);
  const element = h(
    "figure",
    { class: "figure", "aria-labelledby": titleId },
    h("div", { class: "bar" }, title, h("div", { class: "tools" }, toggle, exports)),
    above,
    picture,
    host,
    alternative,
    note,
    below,
  );

  /** Size on paper. */
  const onPaper = () => {
    const { width, most } = element.closest(".figures") !== null && element.closest(".wide") === null ? COLUMN : PAPER;
    return { width, height: Math.min(tall, spec.pixels === undefined ? most : SHEET) };
  };
  const option = (worn: Theme, width: number) => complete(spec.option(coloursOf(worn), width));
  const across = () => Math.max(LEAST, host.clientWidth);
  const plate = (): Plate => ({
    title: spec.subject ?? spec.title,
    under: spec.subject === undefined ? "" : spec.title,
    warning: warning(ctx, spec),
    notes: imprint(ctx, spec),
    option: option("light", across()),
    width: across(),
    height: Math.max(240, host.clientHeight),
    name: `servio-${spec.name}`,
  });

  const draw = () => {
    if (chart === null) return;
    delete host.dataset["done"];
    chart.setOption(option(ctx.theme, host.clientWidth), { notMerge: true });
  };

  const open = () => {
    if (chart !== null || host.clientWidth === 0 || tabular) return;
    chart = core.init(host, look(ctx.theme), { renderer: "canvas" });
    chart.on("finished", () => {
      host.dataset["done"] = spec.name;
    });
    chart.on("click", (hit) => spec.onPick?.(hit as unknown as Hit));
    chart.on("mouseover", (hit) => spec.onPoint?.(hit as unknown as Hit));
    chart.on("updateAxisPointer", (event) => {
      const at = (event as { axesInfo?: { value: number }[] }).axesInfo?.[0]?.value;
      if (at !== undefined) spec.onAxis?.(at);
    });
    chart.on("globalout", () => spec.onPoint?.(null));
    tall = host.clientHeight || tall;
    draw();
  };

  const flip = () => {
    const key = keyOf(spec.name);
    const others = ctx.state.list("as_table").filter((one) => one !== key);
    ctx.state.patch({ as_table: tabular ? others : [...others, key] }, { replace: true });
  };
  const follow = () => {
    if (ctx.left.aborted || asked() === tabular) return;
    tabular = !tabular;
    show();
  };

  const show = () => {
    toggle.textContent = ctx.t(tabular ? "chart.chart" : "chart.table");
    host.hidden = tabular;
    alternative.hidden = !tabular;
    if (tabular) replace(alternative, table(ctx, spec.table));
    else {
      open();
      fit();
    }
  };

  const set = (next: FigureSpec) => {
    spec = next;
    tabular = asked();
    title.textContent = spec.title;
    const hint = spec.hint && h("span", { class: "doing" }, spec.hint);
    replace(note, spec.note, spec.note && hint ? " · " : "", hint);
    note.hidden = !spec.note && !hint;
    replace(above, warning(ctx, spec) && h("strong", {}, warning(ctx, spec)), " ", spec.subject);
    replace(below, imprint(ctx, spec).slice(spec.note ? 1 : 0).map((line) => h("p", {}, line)));
    host.className = `host ${spec.height ?? "middle"}`;
    host.style.height = spec.pixels === undefined ? "" : `${spec.pixels}px`;
    host.setAttribute("aria-label", spec.words ?? spec.title);
    const empty = spec.table.rows.length === 0;
    toggle.hidden = exports.hidden = empty;
    replace(menu, exportItems());
    if (empty) {
      close();
      host.hidden = true;
      alternative.hidden = false;
      replace(alternative, notice("info", ctx.t("chart.nothing")));
      return;
    }
    show();
    fit();
    draw();
    if (paper.matches) before();
  };

  const exportItems = () => {
    const item = (words: string, run: () => void) => h("button", { type: "button", onclick: () => (run(), (exports.open = false)) }, words);
    return [
      item(ctx.t("chart.svg"), () => saveSvg(plate())),
      item(ctx.t("chart.png"), () => savePng(plate())),
      ...(spec.data === undefined ? [] : dataLinks(ctx, spec.data)),
    ];
  };

  const fit = () => {
    if (chart === null || host.clientWidth === 0) return;
    chart.resize();
    tall = host.clientHeight || tall;
  };
  /** On paper stands a picture of the drawing, in light colours and as wide as the page. */
  const before = () => {
    if (tabular || spec.table.rows.length === 0) return;
    const { width, height } = onPaper();
    picture.replaceChildren(painted(option("light", width), width, height));
  };
  const after = () => picture.replaceChildren();
  const turned = () => (paper.matches ? before() : after());
  const observer = new ResizeObserver(() => (chart === null ? open() : fit()));
  const close = () => {
    chart?.dispose();
    chart = null;
    delete host.dataset["done"];
  };
  const unfollow = ctx.state.subscribe(follow);
  const free = () => {
    unfollow();
    observer.disconnect();
    removeEventListener("beforeprint", before);
    removeEventListener("afterprint", after);
    paper.removeEventListener("change", turned);
    close();
  };
  observer.observe(host);
  addEventListener("beforeprint", before);
  addEventListener("afterprint", after);
  paper.addEventListener("change", turned);
  onRelease(element, free);
  ctx.left.addEventListener("abort", free);
  set(first);
  return { element, set };
}
