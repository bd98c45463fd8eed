/** The frame: head, menu, theme, language, the page in it. */

import { Api } from "./api";
import { h, release, replace } from "./dom";
import { GROUPS, PAGES, type Cleanup, type Context, type Page, type PageName } from "./page";
import { faultNotice, notice } from "./parts/notice";
import { load } from "./parts/pending";
import { State } from "./state";
import { LANGS, preferredLang, say, text, type Key } from "./text";
import { coloursOf, preferred, wear, type Theme } from "./theme";
import type { Lang, Study } from "./types";
import { Visit } from "./visit";

const CHECK_EVERY = 5 * 60_000;

function isPage(name: string): name is PageName {
  return Object.hasOwn(PAGES, name);
}

/** What the study names by one text, in the page's language. */
function inLanguage(study: Study, lang: Lang): Study {
  const sources = study.sources.map((one) => ({ ...one, title: one.titles?.[lang] ?? one.title }));
  const { title, titles, description, descriptions } = study;
  return { ...study, title: titles?.[lang] ?? title, description: descriptions?.[lang] ?? description, sources, live: { ...study.live, why: study.live.words?.[lang] ?? study.live.why } };
}

/** Of the window; the first page is named for the study. */
function titled(page: string, study: string): string {
  return [...new Set([page, study, "servio"])].filter(Boolean).join(" · ");
}

export class App {
  readonly #state = new State();
  readonly #api = new Api();
  readonly #notices = h("div", { class: "notices", "aria-live": "polite" });
  readonly #main = h("main", { id: "content", tabindex: -1 });
  readonly #menu = new Map<PageName, HTMLAnchorElement>();
  #study: Study | null = null;
  #visit: Visit | null = null;
  #lang: Lang = preferredLang();
  #theme: Theme = preferred();
  #leave: AbortController | null = null;
  #cleanup: Cleanup | void = undefined;
  #watchers: { names: readonly string[]; run: () => void }[] = [];

  constructor(private readonly place: HTMLElement) {}

  async start(): Promise<void> {
    this.#state.always("lang", LANGS.map((one) => one.code), () => this.#lang);
    this.#settle();
    replace(this.place, h("p", { class: "loading", role: "status" }, this.#t("app.loading")));
    try {
      this.#study = await this.#api.study();
    } catch (error) {
      replace(this.place, h("main", {}, faultNotice({ t: this.#t }, error, () => void this.start())));
      return;
    }
    this.#api.onStale = () => this.#stale("app.stale");
    addEventListener("visibilitychange", () => document.visibilityState === "visible" && void this.#api.check());
    setInterval(() => document.visibilityState === "visible" && void this.#api.check(), CHECK_EVERY);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#settle() && this.#draw());
    this.#visit = new Visit(this.#study);
    this.#visit.see(this.#state.view);
    this.#state.subscribe((now, before) => {
      this.#visit?.see(now);
      this.#lead();
      if (this.#settle() || now.page !== before.page) this.#draw(now.page !== before.page);
      else
        for (const { names, run } of [...this.#watchers])
          if (names.some((name) => now.params[name] !== before.params[name])) run();
    });
    this.#draw();
  }

  #t = (key: Key, values: Record<string, string | number> = {}): string => text(this.#lang, key, values);

  /** The menu leads to pages as they were left; the item of this page starts it anew. */
  #lead(): void {
    const { page } = this.#state.view;
    for (const [name, item] of this.#menu) item.href = this.#state.link(name, name === page ? {} : this.#visit?.params(name));
  }

  /** Takes language and theme from the address, else from the reader; true when one of them is new. */
  #settle(): boolean {
    const lang = this.#state.get("lang");
    const theme = this.#state.get("theme");
    const [oldLang, oldTheme] = [this.#lang, this.#theme];
    this.#lang = lang === "en" || lang === "ko" ? lang : preferredLang();
    this.#theme = theme === "light" || theme === "dark" ? theme : preferred();
    document.documentElement.lang = this.#lang;
    wear(this.#theme);
    return oldLang !== this.#lang || oldTheme !== this.#theme;
  }

  #keep(name: "lang" | "theme", value: string): void {
    localStorage.setItem(`servio.${name}`, value);
    this.#state.patch({ [name]: value }, { replace: true });
  }

  #stale(key: Key): void {
    const reload = h("button", { type: "button", onclick: () => location.reload() }, this.#t("app.reload"));
    replace(this.#notices, notice("warning", this.#t(key), " ", reload));
  }

  #draw(moved = false): void {
    if (this.#study === null) return;
    const study = inLanguage(this.#study, this.#lang);
    this.#leave?.abort();
    this.#cleanup?.();
    this.#cleanup = undefined;
    release(this.#main);
    this.#watchers = [];
    this.#leave = new AbortController();
    replace(
      this.place,
      h("a", { class: "skip", href: "#content", onclick: (event) => this.#skip(event) }, this.#t("app.skip")),
      this.#head(study),
      study.synthetic && h("section", { class: "synthetic", "aria-label": this.#t("app.synthetic.short") }, h("p", {}, this.#t("app.synthetic"))),
      this.#notices,
      this.#main,
      h("footer", {}, h("p", {}, this.#t("app.foot")), study.version !== "" && h("p", {}, this.#t("app.version", { version: study.version }))),
    );
    void this.#show(study, this.#leave, moved);
  }

  #skip(event: Event): void {
    event.preventDefault();
    this.#main.focus();
  }

  #head(study: Study): HTMLElement {
    const page = this.#state.view.page;
    this.#menu.clear();
    const items = GROUPS.flatMap((group) =>
      (Object.keys(group) as PageName[])
        .filter((name) => PAGES[name] !== null && study.pages[name] !== false)
        .map((name, at) => {
          const item = h("a", { "aria-current": name === page ? "page" : null }, this.#t(`menu.${name}`));
          this.#menu.set(name, item);
          return h("li", { class: at === 0 ? "first" : null }, item);
        }),
    );
    this.#lead();
    const choice = (name: "lang" | "theme", label: string, options: { value: string; words: string }[], value: string, hint?: string) =>
      h(
        "select",
        { "aria-label": label, title: hint, id: `choose-${name}`, onchange: (event) => this.#keep(name, (event.target as HTMLSelectElement).value) },
        options.map((one) => h("option", { value: one.value, selected: one.value === value }, one.words)),
      );
    return h(
      "header",
      {},
      h("p", { class: "brand" }, h("a", { href: this.#state.link("home") }, "servio"), h("span", {}, study.title)),
      h("nav", { "aria-label": this.#t("app.menu") }, h("ul", {}, items)),
      h(
        "div",
        { class: "choices" },
        choice("lang", this.#t("app.language"), LANGS.map((one) => ({ value: one.code, words: one.name })), this.#lang),
        choice(
          "theme",
          this.#t("app.theme"),
          [
            { value: "light", words: this.#t("app.theme.light") },
            { value: "dark", words: this.#t("app.theme.dark") },
          ],
          this.#theme,
          this.#t("app.theme.own"),
        ),
      ),
    );
  }

  async #show(study: Study, leave: AbortController, moved: boolean): Promise<void> {
    const name = this.#state.view.page;
    const ctx = this.#context(study, leave.signal);
    const title = isPage(name) ? this.#t(`menu.${name}`) : this.#t("app.name");
    document.title = titled(title, study.title);
    replace(this.#main, h("h1", {}, title));
    if (moved) {
      scrollTo(0, 0);
      this.#main.focus({ preventScroll: true });
    }
    if (!isPage(name)) {
      this.#main.append(notice("warning", this.#t("app.unknown")));
      return;
    }
    const open = PAGES[name];
    if (open === null) {
      this.#main.append(notice("info", this.#t("app.later")));
      return;
    }
    let page: Page;
    try {
      ({ page } = await open());
    } catch {
      if (!leave.signal.aborted) this.#stale("fault.page");
      return;
    }
    if (leave.signal.aborted) return;
    document.title = titled(page.title(ctx), study.title);
    replace(this.#main, h("h1", {}, page.title(ctx)));
    const root = h("div", { class: `page ${name}` });
    this.#main.append(root);
    try {
      if (study.pages[name] === false) root.append(notice("info", this.#t("app.absent")));
      else this.#cleanup = page.render(root, ctx);
    } catch (error) {
      replace(root, faultNotice(ctx, error));
      console.error(error);
    }
  }

  #context(study: Study, left: AbortSignal): Context {
    const lang = this.#lang;
    const ctx: Context = {
      state: this.#state,
      api: this.#api,
      study,
      lang,
      theme: this.#theme,
      colours: coloursOf(this.#theme),
      t: (key, values) => text(lang, key, values),
      say: (words) => say(lang, words),
      left,
      at: (industry) => {
        this.#visit?.at(industry);
        this.#lead();
      },
      watch: (names, run) => this.#watch(left, names, run),
      load: (place, path, query, draw, signal) => load(ctx, place, path, query, draw, signal),
    };
    return ctx;
  }

  #watch(left: AbortSignal, names: readonly string[], run: (signal: AbortSignal) => void | Promise<void>): void {
    let running = new AbortController();
    const again = () => {
      running.abort();
      running = new AbortController();
      const signal = AbortSignal.any([running.signal, left]);
      (async () => run(signal))().catch((error: unknown) => {
        if (signal.aborted) return;
        replace(this.#notices, faultNotice({ t: this.#t }, error));
        console.error(error);
      });
    };
    this.#watchers.push({ names, run: again });
    again();
  }
}
