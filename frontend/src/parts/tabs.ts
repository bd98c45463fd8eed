import { fresh, h, release, replace } from "../dom";

export interface Tab {
  readonly id: string;
  readonly label: string;
  /** Fills the panel when the tab is first shown, and again after `reset`. */
  readonly render: (panel: HTMLElement) => void;
}

export interface TabsSpec {
  readonly label: string;
  readonly tabs: readonly Tab[];
  readonly selected: string;
  readonly onSelect: (id: string) => void;
}

/** Tabs with arrow keys (WAI-ARIA tabs pattern); only the shown panel is filled. */
export function tabs(spec: TabsSpec) {
  const stem = fresh("tab");
  const panel = h("div", { role: "tabpanel", id: `${stem}-panel`, class: "tabpanel" });
  let selected = "";
  const buttons = spec.tabs.map((tab, at) =>
    h(
      "button",
      {
        type: "button",
        role: "tab",
        id: `${stem}-${tab.id}`,
        "aria-controls": panel.id,
        onclick: () => choose(tab.id),
        onkeydown: (event) => {
          const step = { ArrowRight: 1, ArrowLeft: -1 }[(event as KeyboardEvent).key];
          if (step === undefined) return;
          const next = (at + step + spec.tabs.length) % spec.tabs.length;
          buttons[next]?.focus();
          choose(spec.tabs[next]?.id ?? tab.id);
        },
      },
      tab.label,
    ),
  );
  const choose = (id: string) => {
    if (id === selected) return;
    set(id);
    spec.onSelect(id);
  };
  const set = (id: string) => {
    const tab = spec.tabs.find((one) => one.id === id) ?? spec.tabs[0];
    if (tab === undefined || tab.id === selected) return;
    selected = tab.id;
    spec.tabs.forEach((one, at) => {
      buttons[at]?.setAttribute("aria-selected", String(one.id === selected));
      buttons[at]?.setAttribute("tabindex", one.id === selected ? "0" : "-1");
    });
    panel.setAttribute("aria-labelledby", `${stem}-${selected}`);
    fill(tab);
  };
  const fill = (tab: Tab) => {
    replace(panel);
    tab.render(panel);
  };
  const reset = () => {
    const tab = spec.tabs.find((one) => one.id === selected);
    release(panel);
    if (tab !== undefined) fill(tab);
  };
  set(spec.selected);
  return { element: h("div", { class: "tabs" }, h("div", { role: "tablist", "aria-label": spec.label }, buttons), panel), set, reset };
}
