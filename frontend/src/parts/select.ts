/** Native controls with their labels. `set` follows the address without calling `onChange`. */

import { fresh, h, replace } from "../dom";
import type { Context } from "../page";

export interface Option {
  readonly value: string;
  readonly words: string;
  /** Options of one group stand under its name. */
  readonly group?: string;
}

export interface Control<V> {
  readonly element: HTMLElement;
  readonly set: (value: V, options?: readonly Option[]) => void;
}

interface Spec<V> {
  readonly label: string;
  readonly options: readonly Option[];
  readonly value: V;
  readonly onChange: (value: V) => void;
  readonly hint?: string;
}

function field(label: string, id: string, control: HTMLElement, hint?: string): HTMLElement {
  return h("div", { class: "field" }, h("label", { for: id }, label), control, hint && h("small", {}, hint));
}

function optionNodes(options: readonly Option[]): Node[] {
  const groups = new Map<string, HTMLOptGroupElement>();
  const nodes: Node[] = [];
  for (const one of options) {
    const node = h("option", { value: one.value }, one.words);
    if (one.group === undefined) nodes.push(node);
    else {
      let group = groups.get(one.group);
      if (group === undefined) {
        group = h("optgroup", { label: one.group });
        groups.set(one.group, group);
        nodes.push(group);
      }
      group.append(node);
    }
  }
  return nodes;
}

/** One of a list. */
export function select(spec: Spec<string>): Control<string> {
  const id = fresh("select");
  const control = h("select", { id, onchange: () => spec.onChange(control.value) });
  const set = (value: string, options?: readonly Option[]) => {
    if (options !== undefined) replace(control, optionNodes(options));
    control.value = value;
  };
  set(spec.value, spec.options);
  return { element: field(spec.label, id, control, spec.hint), set };
}

/** One of a long list: type to find. What is not in the list is not taken. */
export function combobox(spec: Spec<string>): Control<string> {
  const [id, listId] = [fresh("combo"), fresh("list")];
  let options = spec.options;
  let value = spec.value;
  const words = (code: string) => options.find((one) => one.value === code)?.words ?? code;
  const list = h("datalist", { id: listId });
  const input = h("input", {
    id,
    list: listId,
    type: "text",
    autocomplete: "off",
    onfocus: () => input.select(),
    onchange: () => {
      const typed = input.value.trim().toLowerCase();
      const found = options.find((one) => one.words.toLowerCase() === typed || one.value.toLowerCase() === typed);
      if (found === undefined) input.value = words(value);
      else if (found.value !== value) {
        value = found.value;
        input.value = found.words;
        spec.onChange(value);
      }
    },
  });
  const set = (next: string, more?: readonly Option[]) => {
    if (more !== undefined) {
      options = more;
      replace(list, more.map((one) => h("option", { value: one.words })));
    }
    value = next;
    input.value = words(next);
  };
  set(spec.value, spec.options);
  return { element: field(spec.label, id, h("span", {}, input, list), spec.hint), set };
}

/** Several of a list: check boxes that open under a summary, with a search line. */
export function picker(
  ctx: Pick<Context, "t">,
  spec: Spec<readonly string[]> & { readonly most?: number },
): Control<readonly string[]> {
  const most = spec.most ?? Infinity;
  let chosen: string[] = [];
  let options = spec.options;
  const summary = h("summary");
  const searchId = fresh("search");
  const search = h("input", { id: searchId, type: "search", placeholder: ctx.t("select.search"), "aria-label": `${spec.label}: ${ctx.t("select.search")}`, oninput: () => filter() });
  const list = h("ul", { class: "checks" });
  const none = h("button", { type: "button", class: "link", onclick: () => change([]) }, ctx.t("select.none"));

  const name = () => {
    const words = chosen.map((code) => options.find((one) => one.value === code)?.words ?? code);
    const shown = words.length === 0 ? "–" : words.length <= 2 ? words.join(", ") : ctx.t("select.chosen", { count: words.length });
    replace(summary, h("span", { class: "value" }, shown));
    summary.setAttribute("aria-label", `${spec.label}: ${shown}`);
  };
  const boxes = () => [...list.querySelectorAll("input")];
  const mark = () => {
    for (const box of boxes()) {
      box.checked = chosen.includes(box.value);
      box.disabled = !box.checked && chosen.length >= most;
    }
    name();
  };
  const change = (next: string[]) => {
    chosen = next;
    mark();
    spec.onChange(chosen);
  };
  const filter = () => {
    const typed = search.value.trim().toLowerCase();
    for (const item of list.children) (item as HTMLElement).hidden = !(item.textContent ?? "").toLowerCase().includes(typed);
  };
  const toggle = (code: string, on: boolean) => change(on ? [...chosen, code] : chosen.filter((one) => one !== code));
  const set = (value: readonly string[], more?: readonly Option[]) => {
    chosen = [...value];
    if (more !== undefined) {
      options = more;
      replace(
        list,
        more.map((one) =>
          h(
            "li",
            {},
            h("label", {}, h("input", { type: "checkbox", value: one.value, onchange: (event) => toggle(one.value, (event.target as HTMLInputElement).checked) }), one.words),
          ),
        ),
      );
    }
    mark();
  };
  set(spec.value, spec.options);
  const details = h(
    "details",
    { class: "picker" },
    summary,
    h("div", { class: "drop" }, search, list, h("p", {}, none, spec.most !== undefined && h("small", {}, ctx.t("select.most", { count: most })))),
  );
  closeOutside(details);
  return { element: h("div", { class: "field" }, h("span", { class: "label" }, spec.label), details, spec.hint && h("small", {}, spec.hint)), set };
}

/** Closes an open `details` with Escape or when the focus goes elsewhere. */
export function closeOutside(details: HTMLDetailsElement): void {
  details.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !details.open) return;
    details.open = false;
    details.querySelector("summary")?.focus();
  });
  details.addEventListener("focusout", (event) => {
    const to = (event as FocusEvent).relatedTarget;
    if (to instanceof Node && !details.contains(to)) details.open = false;
  });
  const outside = (event: Event) => {
    if (!details.isConnected && details.dataset["seen"] !== undefined) document.removeEventListener("pointerdown", outside);
    else if (event.target instanceof Node && !details.contains(event.target)) details.open = false;
    details.dataset["seen"] = "";
  };
  document.addEventListener("pointerdown", outside);
}
