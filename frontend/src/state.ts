/** The address bar is the state: `#/measure?name=…&year=2014`. */

export type Params = Readonly<Record<string, string>>;
export interface View {
  readonly page: string;
  readonly params: Params;
}
/** `undefined` and "" take a parameter away; a list is written with commas. */
export type Changes = Record<string, string | number | readonly (string | number)[] | undefined>;

/** Kept when the page changes. */
const LASTING = ["lang", "theme"];

export function parse(hash: string): View {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split(/\?(.*)/s);
  return { page: path.replace(/\/+$/, "") || "home", params: Object.fromEntries(new URLSearchParams(query)) };
}

export function format(view: View): string {
  const query = Object.entries(view.params)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value).replaceAll("%2C", ",").replaceAll("%3A", ":")}`)
    .join("&");
  return `#/${view.page === "home" ? "" : view.page}${query ? `?${query}` : ""}`;
}

function changed(params: Params, changes: Changes): Params {
  const next: Record<string, string> = { ...params };
  for (const [name, value] of Object.entries(changes)) {
    const text = value === undefined ? "" : Array.isArray(value) ? value.join(",") : String(value);
    if (text === "") delete next[name];
    else next[name] = text;
  }
  return next;
}

export class State {
  #view: View = parse(location.hash);
  #listeners = new Set<(now: View, before: View) => void>();
  #always: { readonly name: string; readonly known: readonly string[]; readonly usual: () => string } | null = null;

  constructor() {
    addEventListener("popstate", () => this.#move(parse(location.hash)));
    addEventListener("hashchange", () => this.#move(parse(location.hash)));
  }

  get view(): View {
    return this.#view;
  }

  /** Every address names this parameter: where it is missing it is put in, without a step for the Back button. */
  always(name: string, known: readonly string[], usual: () => string): void {
    this.#always = { name, known, usual };
    this.#move(this.#view);
  }

  get(name: string, fallback = ""): string {
    return this.#view.params[name] ?? fallback;
  }

  list(name: string): string[] {
    return this.get(name).split(",").filter(Boolean);
  }

  /** Changes parameters of this page; `replace` leaves no step for the Back button (sliders). */
  patch(changes: Changes, how: { replace?: boolean } = {}): void {
    this.#write({ page: this.#view.page, params: changed(this.#view.params, changes) }, how.replace ?? false);
  }

  /** Goes to a page with these parameters only. */
  go(page: string, params: Changes = {}): void {
    this.#write(this.#target(page, params), false);
  }

  /** The address of a page, for `href`. */
  link(page: string, params: Changes = {}): string {
    return format(this.#target(page, params));
  }

  subscribe(listener: (now: View, before: View) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #target(page: string, params: Changes): View {
    const kept = Object.fromEntries(LASTING.flatMap((name) => (this.get(name) ? [[name, this.get(name)]] : [])));
    return { page, params: changed(kept, params) };
  }

  #full(view: View): View {
    if (this.#always === null) return view;
    const { name, known, usual } = this.#always;
    return known.includes(view.params[name] ?? "") ? view : { ...view, params: { ...view.params, [name]: usual() } };
  }

  #write(wanted: View, replace: boolean): void {
    const view = this.#full(wanted);
    const address = format(view);
    if (address === format(this.#view)) return;
    if (replace) history.replaceState(null, "", address);
    else history.pushState(null, "", address);
    this.#move(view);
  }

  #move(found: View): void {
    const view = this.#full(found);
    if (view !== found) history.replaceState(null, "", format(view));
    const before = this.#view;
    if (format(view) === format(before)) return;
    this.#view = view;
    for (const listener of [...this.#listeners]) listener(view, before);
  }
}
