/** What is chosen on the page. Every change goes to the address. */

import { fresh, h, replace, type Child } from "../../dom";
import type { Context } from "../../page";
import { closeOutside, combobox, picker, select, type Option } from "../../parts/select";
import type { Say } from "../../text/measure";
import type { MeasureOption } from "../../types";
import { followed } from "./chosen";
import { arranged, countryName, definitionLabel, definitionOptions, groupingOf, groupingOptions, industryOptions, isOfServices, labelName, measureOptions } from "./names";
import { ALL, isHeld, LABELS, optionChanges, optionNames, type LabelName, type Question, type Scope, type Slice } from "./question";

const MOST = 7;

export interface Controls {
  readonly element: HTMLElement;
  readonly show: (slice: Slice) => void;
}

function named(name: string, element: HTMLElement): HTMLElement {
  element.dataset["control"] = name;
  return element;
}

/** Measures by family with a line to search in. */
export function measurePicker(ctx: Context, t: Say, question: Question): HTMLElement {
  const all = measureOptions(ctx);
  const families = [...new Set(all.map((one) => one.family))];
  const choose = (name: string) => {
    const { state } = ctx;
    const keep = Object.fromEntries(["country", "with", "year", "view", "source", "table", "by", "industry"].map((key) => [key, state.get(key)]));
    details.querySelector("summary")?.focus();
    details.open = false;
    state.go("measure", { ...keep, name });
  };
  const button = ({ info, words, held }: (typeof all)[number]) =>
    h(
      "button",
      { type: "button", class: "choice", "aria-current": info === question.info ? "true" : null, onclick: () => choose(info.name) },
      h("span", {}, words),
      h("small", {}, held ? t("held") : t("now")),
    );
  const section = (title: string, own: typeof all) => {
    const id = fresh("family");
    return h("section", { "aria-labelledby": id }, h("p", { id, class: "family" }, title), h("ul", {}, own.map((one) => h("li", { "data-name": `${one.words} ${one.info.name} ${one.info.title.en}`.toLowerCase(), "data-find": `${one.words} ${one.info.name} ${ctx.say(one.info.question)} ${one.info.title.en} ${one.family}`.toLowerCase() }, button(one)))));
  };
  const held = all.filter((one) => one.held);
  const list = h(
    "div",
    { class: "checks" },
    held.length > 0 && section(t("held.measures"), held),
    families.map((family) => section(family, all.filter((one) => one.family === family && !one.held))),
  );
  const sections = [...list.querySelectorAll("section")].map((part) => ({ part, items: [...part.querySelectorAll<HTMLElement>("li")] }));
  /** Measures whose name has the words come before those whose question or family has them. */
  const filter = () => {
    const typed = search.value.trim().toLowerCase().split(/\s+/);
    const has = (text = "") => typed.every((word) => text.includes(word));
    const named = (item: HTMLElement) => Number(!has(item.dataset["name"]));
    for (const { part, items } of sections) {
      for (const item of items) item.hidden = !has(item.dataset["find"]);
      part.hidden = items.every((item) => item.hidden);
      part.querySelector("ul")?.append(...[...items].sort((a, b) => named(a) - named(b)));
    }
    const first = (items: readonly HTMLElement[]) => Math.min(...items.map(named));
    list.append(...[...sections].sort((a, b) => first(a.items) - first(b.items)).map((one) => one.part));
  };
  const found = () => [...list.querySelectorAll<HTMLElement>("li:not([hidden]) button")].filter((one) => one.offsetParent !== null);
  const move = (event: Event) => {
    const { key } = event as KeyboardEvent;
    const step = { ArrowDown: 1, ArrowUp: -1 }[key];
    if (key === "Enter" && event.target === search && search.value.trim() !== "") {
      event.preventDefault();
      found()[0]?.click();
    }
    if (step === undefined) return;
    event.preventDefault();
    const open = found();
    const at = open.indexOf(document.activeElement as HTMLElement);
    open[Math.max(0, Math.min(open.length - 1, at + step))]?.focus();
  };
  const search = h("input", { type: "search", placeholder: ctx.t("select.search"), "aria-label": `${t("measure")}: ${ctx.t("select.search")}`, oninput: filter });
  const title = ctx.say(question.info.title);
  const details = h(
    "details",
    { class: "picker", ontoggle: () => details.open && search.focus() },
    h("summary", { "aria-label": `${t("measure")}: ${title}` }, h("span", { class: "value" }, title)),
    h("div", { class: "drop measures", onkeydown: move }, search, list),
  );
  filter();
  closeOutside(details);
  return named("name", h("div", { class: "field measure" }, h("span", { class: "label" }, t("measure")), details, h("small", {}, ctx.say(question.info.question))));
}

/** An option of the measure that is neither the definition nor the industries. */
function optionControl(ctx: Context, t: Say, question: Question, option: MeasureOption): HTMLElement {
  const { name } = option;
  const value = question.options[name] ?? "";
  const change = (next: string) => ctx.state.patch(optionChanges(question, { [name]: next }));
  const label = ctx.say(option.title).replace(/^./, (sign) => sign.toUpperCase());
  const held = (next: string) => isHeld(question, { [name]: next });
  if (option.choices && option.choices.length > 0) {
    const choices = option.choices.map((one) => ({ value: String(one), words: ctx.say(option.titles?.[String(one)] ?? String(one)) }));
    return named(name, select({ label, options: arranged(ctx, t, question, choices, held), value, onChange: change, hint: ctx.say(option.words) }).element);
  }
  if (option.takes) return named(name, select({ label, options: groupingOptions(ctx, t, question, option), value, onChange: change, hint: ctx.say(option.words) }).element);
  const known = [...new Set(question.info.computed.map((one) => String(one.options[name] ?? "")))].filter(Boolean);
  const [id, listId] = [fresh("entry"), fresh("known")];
  const input = h("input", {
    id,
    type: option.kind === "str" ? "text" : "number",
    step: option.kind === "int" ? 1 : "any",
    value,
    list: listId,
    autocomplete: "off",
    onchange: () => change(input.value.trim()),
  });
  return named(name, h("div", { class: "field" }, h("label", { for: id }, label), input, h("datalist", { id: listId }, known.map((one) => h("option", { value: one }))), h("small", {}, ctx.say(option.words))));
}

export function controls(ctx: Context, t: Say, question: Question, scope: Scope): Controls {
  const { state } = ctx;
  const { info, options } = question;
  const countries: Option[] = scope.countries.map((code) => ({ value: code, words: countryName(ctx, code) })).sort((a, b) => a.words.localeCompare(b.words, ctx.lang));
  let slice: Slice | null = null;
  const which = h("p", { class: "hint", hidden: true });
  const main: HTMLElement[] = [measurePicker(ctx, t, question)];
  const setters: ((now: Slice) => void)[] = [];

  if (scope.countries.length > 1) {
    const country = select({
      label: t("country"),
      options: countries,
      value: "",
      onChange: (code) => state.patch({ country: code, with: (slice?.others ?? []).filter((one) => one !== code), ...followed(ctx, { country: code }) }),
    });
    const others = picker(ctx, { label: t("with"), options: countries, value: [], most: MOST, onChange: (codes) => state.patch({ country: slice?.country, with: codes.length > 0 ? codes : "none" }) });
    setters.push((now) => {
      country.set(now.country);
      others.set(now.others);
    });
    main.push(named("country", country.element), named("with", others.element));
  }
  const industries = industryOptions(ctx, t, question, scope);
  const by = options["by"];
  if (industries.length > 1) {
    const control = select({
      label: t("industry"),
      options: industries,
      value: "",
      onChange: (value) => {
        const [way, code] = by === undefined ? ["", value] : [value.split("|")[0] ?? "", value.split("|").slice(1).join("|")];
        const known = scope.labels.industry?.includes(code) && way === by;
        const changes = by === undefined || known ? {} : way === by ? optionChangesWhole(question) : optionChanges(question, { by: way });
        const only = "only" in changes ? String(changes["only"]) : question.only;
        state.patch({ ...changes, industry: code, ...followed(ctx, { industry: code, by: by === undefined ? "" : way, only }) });
      },
    });
    setters.push((now) => control.set(by === undefined ? (now.labels.industry ?? "") : `${by}|${now.labels.industry ?? ""}`));
    main.push(named("industry", control.element));
  }
  const grouping = info.options.find((one) => one.name === "grouping");
  if (grouping !== undefined) {
    const control = select({ label: definitionLabel(ctx, t, question), options: definitionOptions(ctx, t, question, grouping), value: options["grouping"] ?? "", onChange: (grouping) => state.patch({ ...optionChanges(question, { grouping }), group: undefined, ...followed(ctx, { grouping, group: "" }) }) });
    main.push(named("grouping", control.element));
  }
  const label = (kind: LabelName, title: string) => {
    const all = scope.labels[kind] ?? [];
    if (all.length < 2) return;
    const make = all.length > 30 ? combobox : select;
    const options = all.map((code) => ({ value: code, words: labelName(ctx, question, kind, code) }));
    const whole = kind === "group" && scope.sums ? [{ value: ALL, words: t("group.all") }] : [];
    const control = make({ label: title, options: [...whole, ...options], value: "", onChange: (code) => state.patch({ [kind]: code, ...(kind === "group" ? followed(ctx, { grouping: question.options["grouping"] ?? "", group: code === ALL ? "" : code }) : {}) }) });
    setters.push((now) => control.set(kind === "group" && now.summed ? ALL : (now.labels[kind] ?? "")));
    main.push(named(kind, control.element));
  };
  label("group", t(isOfServices(ctx, options["grouping"] ?? "") ? "group" : "group.plain"));
  label("part", t("part"));
  label("partner", t("partner"));

  const rest: HTMLElement[] = info.options.filter((one) => one.name !== "grouping" && one.name !== "by").map((one) => optionControl(ctx, t, question, one));
  const byOption = info.options.find((one) => one.name === "by");
  if (byOption !== undefined) {
    const names = ["industry", "economy", ...ctx.study.groupings.map((one) => one.name)];
    rest.push(named("by", select({ label: t("by"), options: groupingOptions(ctx, t, question, byOption, names), value: by ?? "", onChange: (value) => state.patch({ ...optionChanges(question, { by: value }), industry: undefined, cell: undefined }) }).element));
  }
  if (ctx.study.sources.length > 1 && question.table === "")
    main.splice(1, 0, named("source", select({ label: t("source"), options: ctx.study.sources.map((one) => ({ value: one.name, words: one.title || one.name })), value: question.source, onChange: (source) => state.patch({ source, industry: undefined, year: undefined, cell: undefined }) }).element));

  const open = info.options.some((one) => one.name in state.view.params && one.name !== "grouping" && one.name !== "by" && one.default !== question.options[one.name]);
  const element = h(
    "div",
    { class: "card choices-of-measure" },
    h("div", { class: "controls" }, main),
    rest.length > 0 && h("details", { class: "more", open }, h("summary", {}, t("more")), h("div", { class: "controls" }, rest)),
    which,
    ...states(ctx, t, question),
  );
  return {
    element,
    show: (now) => {
      slice = now;
      for (const set of setters) set(now);
      const one = options["grouping"] !== undefined && (scope.labels.group?.length ?? 0) > 1 ? now.labels.group : undefined;
      which.hidden = one === undefined;
      if (one !== undefined) which.textContent = t("group.one", { group: labelName(ctx, question, "group", one), count: scope.labels.group?.length ?? 0, grouping: ctx.say(groupingOf(ctx, options["grouping"])?.title ?? "") });
    },
  };
}

/** All industries rather than those of one sector. */
function optionChangesWhole(question: Question) {
  return { ...question.options, only: "" };
}

function states(ctx: Context, t: Say, question: Question): Child[] {
  if (question.table) return [h("p", {}, h("span", { class: "mark" }, t("own.table")))];
  return [h("p", { class: "hint" }, question.stored ? t("state.held") : t("state.now"), !ctx.study.live.tables && ` ${t("live.no")}`)];
}

/** Which table is measured: the study's, or one this session brought along. */
export function tablePicker(ctx: Context, t: Say, uploads: readonly { table: string; name: string }[], current: string): HTMLElement {
  const options = [{ value: "", words: t("table.study") }, ...uploads.map((one) => ({ value: one.table, words: one.name }))];
  const anew = Object.fromEntries(["country", "with", "year", "source", "only", "cell", ...LABELS, ...optionNames(ctx.study)].map((name) => [name, undefined]));
  const control = select({ label: t("table.which"), options, value: current, onChange: (table) => ctx.state.patch({ ...anew, table }) });
  return h("div", { class: "controls" }, control.element);
}

/** Puts new controls in place and leaves the focus where it was. */
export function swap(place: HTMLElement, element: HTMLElement): void {
  const name = (document.activeElement?.closest("[data-control]") as HTMLElement | null)?.dataset["control"];
  const inside = place.contains(document.activeElement);
  replace(place, element);
  if (inside && name !== undefined) place.querySelector<HTMLElement>(`[data-control="${CSS.escape(name)}"] :is(select, input, summary)`)?.focus();
}
