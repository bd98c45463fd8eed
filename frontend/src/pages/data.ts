import { address, ApiError, type Fault } from "../api";
import { fresh, h, replace, type Child } from "../dom";
import { NONE, small, unitText } from "../format";
import { numeric, rowsOf, type Row } from "../frames";
import type { Context, Page } from "../page";
import { faultNotice, notice } from "../parts/notice";
import { select } from "../parts/select";
import { table, type Column } from "../parts/table";
import { texts } from "../text/data";
import type { Cell, Frame } from "../types";
import { sizeOf, namesOf, sendable } from "./data/files";

type Say = ReturnType<typeof texts>;

interface Tables {
  readonly tables: Frame;
  readonly findings: Frame;
}

interface Own {
  readonly table: string;
  readonly name: string;
  readonly size: number;
  readonly pending?: boolean;
  readonly error?: Fault;
  /** Nothing says what the files hold. */
  readonly lacking?: boolean;
  readonly info?: Readonly<Record<string, Cell | readonly Cell[]>>;
  readonly audit?: Readonly<Record<string, Cell>>;
  readonly findings?: Frame;
}

interface Uploads {
  readonly uploads: readonly Own[];
  readonly limits?: { readonly bytes?: number };
}

const MOST = 64 * 2 ** 20;
const ACCEPTED = ".toml,.csv,.tsv,.txt,.xlsx,.zip,.xlsb,.xls,.ods,.parquet,.gz,.npz,.rds,.rdata";
const EXAMPLES = ["csv", "xlsx"] as const;
/** What a table with any labels has: no definition of services, no classification is needed. */
const ANSWERED = { name: "output_multiplier", by: "industry" };
const KEYS = ["source", "country", "year"] as const;

/** What a row has in a key column, as the address writes it. */
const keyOf = (row: Row, name: string): string => String(row[name] ?? "");

function countryName(ctx: Context, code: Cell | undefined): string {
  return ctx.say(ctx.study.countries.find((one) => one.code === code)?.name ?? String(code ?? ""));
}

function findingColumns(t: Say): Column[] {
  const words = { fail: t("level.fail"), warn: t("level.warn"), note: t("level.note") } as Record<string, string>;
  return [
    { key: "level", title: t("level"), show: (value) => h("span", { class: `level ${value}` }, words[String(value)] ?? String(value)) },
    { key: "check", title: t("check") },
    { key: "place", title: t("place") },
    { key: "text", title: t("text") },
  ];
}

function audits(ctx: Context, t: Say, found: Tables): HTMLElement {
  const rows = rowsOf(found.tables);
  const findings = rowsOf(found.findings);
  const list = h("div");
  const detail = h("div", { class: "card", "aria-live": "polite" });
  const all = { value: "", words: t("all") };
  const choice = (name: (typeof KEYS)[number], label: string, words: (value: string) => string) =>
    select({
      label,
      options: [all, ...[...new Set(rows.map((row) => keyOf(row, name)))].filter(Boolean).sort().map((value) => ({ value, words: words(value) }))],
      value: ctx.state.get(name),
      onChange: (value) => ctx.state.patch({ [name]: value }),
    });
  const controls = [
    choice("source", t("source"), String),
    choice("country", t("country"), (code) => countryName(ctx, code)),
    choice("year", ctx.t("chart.year"), String),
  ];
  const placeOf = (row: Row) => `${countryName(ctx, row["country"])} ${keyOf(row, "year")}`.trim();
  const is = (row: Row) => KEYS.every((name) => !ctx.state.get(name) || keyOf(row, name) === ctx.state.get(name));
  const dataOf = (part: string) => address("tables", { part, ...Object.fromEntries(KEYS.map((name) => [name, ctx.state.get(name)])) });
  const columns: Column[] = [
    { key: "country", title: t("country"), show: (_, row) => placeOf(row) },
    { key: "source", title: t("source") },
    { key: "year", title: ctx.t("chart.year"), show: (value) => (value === null ? NONE : String(value)) },
    { key: "data_residual", title: t("residual"), unit: "", show: small },
    { key: "numeric_residual", title: t("numeric"), unit: "", show: small },
    { key: "failures", title: t("failures"), unit: "" },
    { key: "warnings", title: t("warnings"), unit: "" },
    { key: "notes", title: t("notes"), unit: "" },
    { key: "zero_output", title: t("zero"), show: (value) => h("small", {}, String(value ?? "")) },
  ];
  ctx.watch(KEYS, () => {
    KEYS.forEach((name, at) => controls[at]?.set(ctx.state.get(name)));
    const shown = rows.filter(is);
    const pick = (row: Row) => ctx.state.patch(Object.fromEntries(KEYS.map((name) => [name, keyOf(row, name)])));
    replace(list, table(ctx, { caption: ctx.t("table.rows", { rows: shown.length }), data: dataOf("tables"), columns, rows: shown, onPick: pick, marked: (row) => (numeric(row["failures"]) ?? 0) > 0 }));
    const [only] = shown.length === 1 ? shown : [];
    if (only === undefined) {
      replace(detail, h("p", { class: "hint" }, t("findings.pick")));
      return;
    }
    const own = findings.filter((row) => KEYS.every((name) => row[name] === only[name]));
    const place = placeOf(only);
    replace(
      detail,
      own.length === 0
        ? h("p", {}, t("findings.none"))
        : table(ctx, { caption: t("findings", { place }), data: dataOf("findings"), columns: findingColumns(t), rows: own }),
    );
  });
  return h("div", { class: "stack" }, h("div", { class: "controls" }, controls.map((one) => one.element)), h("div", { class: "card" }, list), detail);
}

/** As the first page grades the study. */
const grade = (audit: Own["audit"] = {}) => (numeric(audit["failures"]) ? "red" : numeric(audit["warnings"]) ? "amber" : "green");

/** A link to a place on this page: the address, which is the view, stays as it is. */
function linkTo(ctx: Context, words: string, place: () => HTMLElement): HTMLElement {
  const go = (event: Event) => {
    event.preventDefault();
    place().scrollIntoView({ block: "start" });
    place().focus({ preventScroll: true });
  };
  return h("a", { href: ctx.state.link("data"), onclick: go }, words);
}

const examples = (t: Say): HTMLElement[] => EXAMPLES.map((form) => h("a", { href: address("example", { as: form }), download: true }, t(`example.${form}`)));

/** A refusal of what was sent, and where to find what is needed. */
function refusal(ctx: Context, t: Say, error: unknown, needs: HTMLElement): HTMLElement {
  const shown = faultNotice(ctx, error);
  shown.append(h("p", { class: "actions" }, linkTo(ctx, t("needs"), () => needs), examples(t)));
  return shown;
}

/** In the page's language where it is what newcomers meet: a file alone. */
function faultOf(own: Own, error: Fault, t: Say): ApiError {
  return new ApiError(400, own.lacking ? { place: own.name, found: t("own.alone", { found: error.found }), expected: t("own.alone.expected"), remedy: t("own.alone.remedy") } : error);
}

function ownEntry(ctx: Context, t: Say, own: Own, needs: HTMLElement, gone: () => void, changed: () => void): HTMLElement {
  const line = (term: string, value: unknown, show: (value: unknown) => string = String): Child[] =>
    value === undefined || value === null || value === "" || (Array.isArray(value) && value.length === 0) ? [] : [h("dt", {}, term), h("dd", {}, show(value))];
  const many = (value: unknown) => (Array.isArray(value) ? value.join(", ") : String(value));
  const { info = {}, audit = {} } = own;
  const countries = [info["countries"] ?? []].flat().filter(Boolean).map((code) => countryName(ctx, code));
  const place = h("div");
  const drop = async () => {
    try {
      await ctx.api.remove(`uploads/${own.table}`);
      gone();
    } catch (error) {
      replace(place, faultNotice(ctx, error));
    }
  };
  const deletion = h("button", { type: "button", onclick: () => void drop(), "aria-label": `${t("own.delete")}: ${own.name}` }, t("own.delete"));
  const head = h("h3", { tabindex: -1, "data-table": own.table }, own.name, " ", h("small", {}, sizeOf(own.size)));
  if (own.error !== undefined) return h("li", { class: "card" }, head, refusal(ctx, t, faultOf(own, own.error, t), needs), h("p", { class: "actions" }, deletion), place);
  if (own.pending === true) {
    const check = h("div");
    void ctx.load<Own>(check, `uploads/${own.table}`, {}, () => changed());
    return h("li", { class: "card" }, head, h("p", {}, t("own.checking")), check, h("p", { class: "actions" }, deletion), place);
  }
  return h(
    "li",
    { class: "card" },
    head,
    h("p", { class: `light ${grade(audit)}` }, h("span", { class: "lamp", "aria-hidden": "true" }), h("strong", {}, `${t("quality")}: ${t(`quality.${grade(audit)}`)}`)),
    info["synthetic"] === true && h("p", { class: "mark" }, ctx.t("app.synthetic.short")),
    h(
      "dl",
      { class: "terms" },
      line(t("info.tables"), info["tables"]),
      line(t("info.countries"), countries, many),
      line(t("info.years"), info["years"], many),
      line(t("info.industries"), info["industries"]),
      line(t("info.classification"), info["classification"]),
      line(t("info.unit"), info["unit"], (unit) => unitText(String(unit), ctx.lang)),
      line(t("residual"), audit["data_residual"], small),
      line(t("numeric"), audit["numeric_residual"], small),
      line(t("failures"), audit["failures"]),
      line(t("warnings"), audit["warnings"]),
    ),
    own.findings !== undefined && own.findings.rows > 0 && table(ctx, { caption: t("findings", { place: own.name }), data: address(`uploads/${own.table}`, { part: "findings" }), columns: findingColumns(t), rows: rowsOf(own.findings) }),
    h(
      "p",
      { class: "actions" },
      h("a", { href: ctx.state.link("measure", { ...ANSWERED, table: own.table }) }, t("own.measure")),
      ctx.study.pages["chains"] !== false && h("a", { href: ctx.state.link("chains", { table: own.table }) }, t("own.chain")),
      deletion,
    ),
    place,
  );
}

function ownTables(ctx: Context, t: Say): HTMLElement {
  const list = h("div");
  const said = h("div", { "aria-live": "polite" });
  const id = fresh("file");
  const hint = h("small", {}, t("own.hint", { size: sizeOf(MOST) }));
  const chosen = h("p", { class: "hint", hidden: true });
  const input = h("input", { id, type: "file", multiple: true, required: true, accept: ACCEPTED, onchange: () => choose() });
  const send = h("button", { type: "submit", class: "primary" }, t("own.send"));
  const needs = h("h3", { tabindex: -1 }, t("needs"));
  let most = MOST;
  let failed = new Set<string>();

  const files = () => [...(input.files ?? [])];
  const choose = () => {
    chosen.hidden = files().length < 2;
    chosen.textContent = t("own.chosen", { names: namesOf(files()) });
  };

  const refresh = () =>
    ctx.load<Uploads>(list, "uploads", {}, (answer) => {
      most = answer.limits?.bytes ?? MOST;
      failed = new Set(answer.uploads.filter((one) => one.error).map((one) => one.table));
      hint.textContent = t("own.hint", { size: sizeOf(most) });
      if (answer.uploads.length === 0) return h("p", { class: "hint" }, t("own.none"));
      return h(
        "ul",
        { class: "stack", "aria-label": t("own.list") },
        answer.uploads.map((own) =>
          ownEntry(ctx, t, own, needs, () => {
            replace(said, notice("info", t("own.gone", { name: own.name })));
            void refresh();
          }, () => void refresh()),
        ),
      );
    });

  const upload = async (file: File) => {
    const stop = new AbortController();
    const bar = h("progress", { max: 1, value: 0, "aria-label": t("own.send") });
    const words = h("span", {}, t("own.sending", { share: 0 }));
    const cancel = h("button", { type: "button", onclick: () => stop.abort() }, t("own.cancel"));
    replace(said, h("div", { class: "pending", role: "status" }, bar, words, cancel));
    const sent = (share: number) => {
      if (share < 1) {
        bar.value = share;
        words.textContent = t("own.sending", { share: Math.floor(share * 100) });
      } else {
        bar.removeAttribute("value");
        words.textContent = t("own.checking");
      }
    };
    const { table: id } = await ctx.api.upload<Own>(file, sent, AbortSignal.any([stop.signal, ctx.left]));
    await ctx.load<Own>(said, `uploads/${id}`, {}, ({ audit }) => {
      form.reset();
      choose();
      const quality = t(`quality.${grade(audit)}`);
      return notice("info", t("own.done", { name: file.name, quality, residual: small(numeric(audit?.["data_residual"])) }));
    });
    await refresh();
    if (failed.has(id)) replace(said);
    const result = list.querySelector<HTMLElement>(`[data-table="${id}"]`);
    result?.closest("li")?.scrollIntoView({ block: "nearest" });
    result?.focus({ preventScroll: true });
  };

  const submit = async (event: Event) => {
    event.preventDefault();
    if (files().length === 0) return;
    send.disabled = true;
    try {
      await upload(await sendable(files(), most, t));
    } catch (error) {
      const cancelled = error instanceof DOMException && error.name === "AbortError";
      replace(said, cancelled ? notice("info", ctx.t("pending.cancelled")) : refusal(ctx, t, error, needs));
    } finally {
      send.disabled = false;
    }
  };

  const form = h(
    "form",
    { class: "card", onsubmit: (event) => void submit(event) },
    needs,
    h("ol", {}, h("li", {}, t("needs.flows")), h("li", {}, t("needs.output")), h("li", {}, t("needs.description"))),
    h("p", { class: "actions" }, examples(t), h("small", {}, t("example.words"))),
    h("div", { class: "field" }, h("label", { for: id }, t("own.file")), input, hint),
    chosen,
    h("p", { class: "actions" }, send),
    said,
  );
  const over = (yes: boolean) => form.classList.toggle("dropping", yes);
  form.addEventListener("dragover", (event) => {
    event.preventDefault();
    over(true);
  });
  form.addEventListener("dragleave", (event) => over(event.relatedTarget instanceof Node && form.contains(event.relatedTarget)));
  form.addEventListener("drop", (event) => {
    event.preventDefault();
    over(false);
    if (!event.dataTransfer?.files.length) return;
    input.files = event.dataTransfer.files;
    choose();
    send.focus();
  });
  void refresh();
  return h("section", {}, h("h2", { tabindex: -1 }, t("own")), h("p", {}, t("own.words")), h("div", { class: "stack" }, form, list));
}

export const page: Page = {
  title: (ctx) => ctx.t("menu.data"),
  render(root, ctx) {
    const t = texts(ctx.lang);
    const place = h("div");
    const own = ownTables(ctx, t);
    const toOwn = linkTo(ctx, t("own.add"), () => own.querySelector("h2") ?? own);
    root.append(h("p", {}, toOwn), h("section", {}, h("h2", {}, t("tables")), h("p", {}, t("tables.words")), place), own);
    void ctx.load<Tables>(place, "tables", {}, (found) => audits(ctx, t, found));
  },
};
