import { h } from "../dom";
import type { Context, Page } from "../page";
import { about } from "../parts/about";
import { combobox, select } from "../parts/select";
import { tabs } from "../parts/tabs";
import { sayUnknown } from "../parts/unknown";
import { texts } from "../text/interaction";
import { community } from "./interaction/community";
import { byOf, PARAMETERS, yearOf, type Build, type Holds, type Kit } from "./interaction/kit";
import { modes } from "./interaction/modes";
import { mutualism } from "./interaction/mutualism";
import { symbiosis } from "./interaction/symbiosis";

const VIEWS = { modes, community, symbiosis, mutualism } satisfies Record<string, Build>;
type View = keyof typeof VIEWS;
const NAMES = Object.keys(VIEWS) as View[];

/** The view asked for, or the first with something to show. */
function viewOf(ctx: Context, holds: Holds): View {
  const asked = NAMES.find((name) => name === ctx.state.get("view"));
  const held: Record<View, boolean> = {
    modes: holds.modes !== null,
    community: holds.community.choices.length > 0,
    symbiosis: holds.symbiosis !== null,
    mutualism: holds.community.choices.length > 0,
  };
  return asked ?? NAMES.find((name) => held[name]) ?? "modes";
}

function kitOf(ctx: Context, holds: Holds, panel: Kit["panel"]): Kit {
  const { sources, countries, focus } = ctx.study;
  const source = () => sources.find((one) => one.name === ctx.state.get("source")) ?? sources[0];
  const at = () => {
    const here = source();
    const known = here?.countries ?? [];
    const wished = [ctx.state.get("country"), ...(typeof focus === "string" ? [focus] : (focus ?? []))];
    return { source: here?.name ?? "", country: wished.find((code) => known.includes(code)) ?? known[0] ?? "" };
  };
  const place = (code: string) => ctx.say(countries.find((one) => one.code === code)?.name ?? code);
  return { ctx, t: texts(ctx.lang), panel, holds, at, years: () => source()?.years ?? [], place };
}

function content(ctx: Context, holds: Holds): HTMLElement[] {
  const panel = about(ctx);
  const kit = kitOf(ctx, holds, panel);
  const { t } = kit;
  const { sources } = ctx.study;
  const options = () => (sources.find((one) => one.name === kit.at().source)?.countries ?? []).map((value) => ({ value, words: kit.place(value) }));
  const source = select({ label: t("source"), options: sources.map((one) => ({ value: one.name, words: one.title || one.name })), value: kit.at().source, onChange: (value) => ctx.state.patch({ source: value }) });
  const country = combobox({ label: t("country"), options: options(), value: kit.at().country, onChange: (value) => ctx.state.patch({ country: value }) });
  let update: (signal: AbortSignal) => Promise<void> = () => Promise.resolve();
  const strip = tabs({
    label: t("views"),
    tabs: NAMES.map((id) => ({ id, label: t(`view.${id}`), render: (place) => void (update = VIEWS[id](kit, place)) })),
    selected: viewOf(ctx, holds),
    onSelect: (view) => ctx.state.patch({ view }),
  });
  const unknown = h("div", { hidden: true });
  const say = () => {
    const { state } = ctx;
    const view = viewOf(ctx, holds);
    const { choices } = holds.community;
    const ofCommunity = (view === "community" || view === "mutualism") && choices.length > 0;
    sayUnknown(ctx, unknown, [
      { kind: t("views"), asked: state.get("view"), known: NAMES, shown: t(`view.${view}`) },
      { kind: t("source"), asked: state.get("source"), known: sources.map((one) => one.name), shown: sources.find((one) => one.name === kit.at().source)?.title ?? "" },
      { kind: t("country"), asked: state.get("country"), known: options().map((one) => one.value), shown: kit.place(kit.at().country) },
      ...(view === "community" && ofCommunity ? [{ kind: t("year"), asked: state.get("year"), known: kit.years(), shown: String(yearOf(kit)) }] : []),
      ...(ofCommunity ? [{ kind: t("by"), asked: state.get("by"), known: choices, shown: ctx.say(ctx.study.groupings.find((one) => one.name === byOf(kit))?.title) }] : []),
    ]);
  };
  ctx.watch(PARAMETERS, (signal) => {
    say();
    strip.set(viewOf(ctx, holds));
    source.set(kit.at().source);
    country.set(kit.at().country, options());
    panel.point(null);
    return update(signal);
  });
  return [unknown, h("div", { class: "controls" }, sources.length > 1 && source.element, country.element), h("div", { class: "with-about" }, strip.element, panel.element)];
}

export const page: Page = {
  title: (ctx) => ctx.t("menu.interaction"),
  render(root, ctx) {
    const place = h("div");
    root.append(place);
    void ctx.load<Holds>(place, "interaction", {}, (holds) => content(ctx, holds));
  },
};
