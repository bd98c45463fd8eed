/** The views of one slice as tabs, with the year above them and what has no number below. */

import { h, replace } from "../../dom";
import { hasMap, worldMap } from "../../parts/map";
import { slider } from "../../parts/slider";
import { tabs } from "../../parts/tabs";
import { followed } from "./chosen";
import { definitionsPart } from "./definitions";
import { figureOf, type Drawn } from "./drawn";
import { gaps } from "./gaps";
import { heatPart } from "./heat";
import { canRank, rankPart } from "./industries";
import { scatterPart } from "./scatter";
import { servicesPart, servicesPlan } from "./services";
import { mapView, noteOf, ranking, tableView, trend } from "./views";

export const VIEWS = ["all", "trend", "rank", "map", "services", "heat", "scatter", "definitions", "table"] as const;
export type ViewName = (typeof VIEWS)[number];
type Can = Partial<Record<ViewName, boolean>>;

export interface Stage {
  readonly nodes: HTMLElement[];
  readonly tabs: ReturnType<typeof tabs>;
  /** Follows the year of the address. */
  readonly move: () => void;
}

export function viewOf(asked: string): ViewName {
  return VIEWS.find((name) => name === asked) ?? "all";
}

export function stage(drawn: Drawn): Stage {
  const { ctx, t, scope, question } = drawn;
  const { slice } = drawn.shown();
  const own = question.table !== "";
  const single = scope.countries.length < 2 && scope.years.length < 2;
  const can: Can = {
    trend: scope.years.length > 1,
    rank: canRank(drawn),
    map: hasMap(ctx.study) && scope.countries.length > 1 && !own,
    services: servicesPlan(ctx, question, scope, slice) !== null,
    heat: !single,
    scatter: scope.countries.length > 1 && !own,
    definitions: question.options["grouping"] !== undefined && (!own || ctx.study.definitions.length > 1),
  };
  const year = scope.years.length > 1 ? slider(ctx, { label: t("year"), values: scope.years, value: slice.year, play: true, onChange: (chosen) => ctx.state.patch({ year: chosen, ...followed(ctx, { year: String(chosen) }) }, { replace: true }) }) : null;
  const views = tabs({
    label: t("views"),
    tabs: VIEWS.filter((name) => can[name] !== false).map((name) => ({
      id: name,
      label: t(`view.${name}`),
      render: (panel) => {
        drawn.refresh.clear();
        if (drawn.current()) show(drawn, name, panel, can);
      },
    })),
    selected: viewOf(ctx.state.get("view")),
    onSelect: (view) => ctx.state.patch({ view: view === "all" ? undefined : view }),
  });
  const missing = gaps(drawn);
  return {
    nodes: [...(year ? [h("div", { class: "card timeline" }, year.element)] : []), views.element, missing.element],
    tabs: views,
    move: () => {
      year?.set(drawn.shown().slice.year);
      missing.move();
    },
  };
}

function show(drawn: Drawn, name: ViewName, panel: HTMLElement, can: Can): void {
  const { t } = drawn;
  const parts: Record<ViewName, () => HTMLElement[]> = {
    all: () => {
      const of = (...names: ViewName[]) => names.filter((one) => can[one] !== false).flatMap((one) => parts[one]());
      const ranks = drawn.scope.countries.length > 1 ? [figureOf(drawn, ranking)] : [];
      const shown = [of("trend", "services"), [...ranks, ...of("map")]].filter((one) => one.length > 0);
      return (shown.length > 0 ? shown : [of(can.rank === false ? "table" : "rank")]).map((column) => h("div", { class: "stack" }, column));
    },
    trend: () => [figureOf(drawn, (shown) => trend(shown, drawn.band))],
    rank: () => [rankPart(drawn)],
    map: () => [mapPart(drawn)],
    services: () => [servicesPart(drawn)],
    heat: () => [heatPart(drawn)],
    scatter: () => [scatterPart(drawn)],
    definitions: () => [definitionsPart(drawn)],
    table: () => [tablePart(drawn)],
  };
  panel.append(
    h("p", { class: "lead title" }, h("strong", {}, drawn.shown().title), " ", h("small", {}, noteOf(drawn.shown()))),
    h("div", { class: name === "all" ? "figures" : "stack" }, parts[name]()),
    h("p", { class: "hint doing" }, t("cell.pick")),
  );
}

function mapPart(drawn: Drawn): HTMLElement {
  const made = worldMap(drawn.ctx, mapView(drawn.shown()));
  drawn.refresh.add(() => made.set(mapView(drawn.shown())));
  return made.element;
}

function tablePart(drawn: Drawn): HTMLElement {
  const place = h("div", { class: "card" });
  const draw = () => replace(place, tableView(drawn.shown()));
  draw();
  drawn.refresh.add(draw);
  return place;
}
