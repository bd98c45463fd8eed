import { address } from "../api";
import { fresh, h, replace } from "../dom";
import type { Context, Page } from "../page";
import { about } from "../parts/about";
import { dataMenu } from "../parts/files";
import { notice } from "../parts/notice";
import { select } from "../parts/select";
import { sayUnknown } from "../parts/unknown";
import { texts } from "../text/claims";
import type { About, Words } from "../types";
import { evidence, verdictWords, type Claim, type OneClaim, type Say, type Verdict } from "./claims/evidence";

interface Claims {
  readonly about: About;
  readonly sources: readonly string[];
  readonly source_words: Readonly<Record<string, Words>>;
  readonly verdicts: Readonly<Record<Verdict, number>>;
  readonly claims: readonly Claim[];
  /** Whether what the study lacks was computed from its tables, and whether it could be. */
  readonly compute: boolean;
  readonly can: boolean;
}

const FILTERS = ["source", "verdict", "q"];

function holds(ctx: Context, claim: Claim, found: Claims): boolean {
  const { state } = ctx;
  const text = `${claim.id} ${claim.claim} ${claim.hypothesis} ${claim.text} ${ctx.lang === "ko" ? Object.values(claim.ko).join(" ") : ""}`.toLowerCase();
  return (
    (!found.sources.includes(state.get("source")) || claim.source === state.get("source")) &&
    (!(state.get("verdict") in found.verdicts) || claim.verdict === state.get("verdict")) &&
    state.get("q").toLowerCase().split(/\s+/).every((word) => text.includes(word))
  );
}

function card(ctx: Context, t: Say, claim: Claim): { element: HTMLElement; place: HTMLElement; mark: (open: boolean) => void } {
  const place = h("div", { id: fresh("claim") });
  const button = h("button", { type: "button", "aria-controls": place.id, onclick: () => ctx.state.patch({ claim: ctx.state.get("claim") === claim.id ? undefined : claim.id }) });
  const words = (name: keyof Claim["ko"]) => (ctx.lang === "ko" ? claim.ko[name] : claim[name]);
  const langOf = (name: keyof Claim["ko"]) => (words(name) === claim[name] ? "en" : ctx.lang);
  const said = h("p", { lang: langOf("text") }, words("text"));
  const element = h(
    "li",
    { class: "card claim" },
    h("p", { class: "claim-head" }, h("span", { class: `verdict ${claim.verdict.replace(" ", "-")}` }, verdictWords(t, claim.undecided ? "undecided" : claim.verdict)), " ", h("small", {}, `${claim.id} · ${words("source")}`)),
    h("h2", { lang: langOf("claim") }, words("claim")),
    said,
    claim.verdict === "mixed" || (claim.findings > 0 && langOf("text") !== ctx.lang) ? h("p", { class: "hint" }, t("for", claim.main)) : null,
    h("p", { class: "actions" }, button),
    place,
  );
  const mark = (open: boolean) => {
    button.textContent = t(open ? "hide" : "show");
    button.setAttribute("aria-label", `${t(open ? "hide" : "show")}: ${claim.id}`);
    button.setAttribute("aria-expanded", String(open));
    said.hidden = open;
    if (!open) replace(place);
  };
  mark(false);
  return { element, place, mark };
}

const computed = (compute: boolean) => (compute ? { compute: true } : {});

/** What the claims were tested on, and how to test them on more. */
function tested(ctx: Context, t: Say, found: Claims): HTMLElement[] {
  const ask = (words: string, compute: number | undefined) => h("p", { class: "actions" }, h("button", { type: "button", onclick: () => ctx.state.patch({ compute, claim: undefined }) }, words));
  if (found.compute) return [notice("info", h("p", {}, t("compute.done")), ask(t("compute.less"), undefined))];
  const missing = found.claims.filter((claim) => claim.verdict === "not testable" && claim.missing).length;
  if (!found.can || missing === 0) return [];
  return [notice("info", h("p", {}, t("compute.can", { count: missing })), ask(t("compute.more"), 1))];
}

/** The book; it follows the address while it is the one shown. */
function book(root: HTMLElement, ctx: Context, t: Say, found: Claims, shown: () => boolean): void {
  const { state } = ctx;
  const panel = about(ctx);
  panel.show(found.about);
  const cards = new Map(found.claims.map((claim) => [claim.id, card(ctx, t, claim)]));
  const all = { value: "", words: t("all") };
  const source = select({ label: t("source"), options: [all, ...found.sources.map((value) => ({ value, words: ctx.say(found.source_words[value] ?? value) }))], value: state.get("source"), onChange: (value) => state.patch({ source: value }) });
  const verdicts = Object.entries(found.verdicts).map(([value, count]) => ({ value, words: `${verdictWords(t, value)} (${count})` }));
  const verdict = select({ label: t("verdict"), options: [all, ...verdicts], value: state.get("verdict"), onChange: (value) => state.patch({ verdict: value }) });
  const id = fresh("search");
  const search = h("input", { id, type: "search", value: state.get("q"), oninput: () => state.patch({ q: search.value.trim() }, { replace: true }) });
  const count = h("p", { class: "hint", "aria-live": "polite" });
  const taken = h("div", { class: "tools of-table" });
  const none = notice("info", t("none"));
  const list = h("ul", { class: "stack claims-list" }, [...cards.values()].map((one) => one.element));
  const unknown = h("div", { hidden: true });
  root.append(
    unknown,
    ...tested(ctx, t, found),
    h("div", { class: "controls" }, source.element, verdict.element, h("div", { class: "field" }, h("label", { for: id }, t("search")), search)),
    h("div", { class: "with-about" }, h("div", { class: "stack" }, h("div", { class: "found" }, count, taken), none, list), panel.element),
  );
  ctx.watch(FILTERS, () => {
    if (!shown()) return;
    source.set(state.get("source"));
    verdict.set(state.get("verdict"));
    sayUnknown(ctx, unknown, [
      { kind: t("source"), asked: state.get("source"), known: found.sources },
      { kind: t("verdict"), asked: state.get("verdict"), known: verdicts.map((one) => one.value) },
    ]);
    if (search.value.trim() !== state.get("q")) search.value = state.get("q");
    const kept = new Set(found.claims.filter((claim) => holds(ctx, claim, found)).map((claim) => claim.id));
    for (const [name, one] of cards) one.element.hidden = !kept.has(name);
    none.hidden = kept.size > 0;
    const chosen = { only: kept.size < found.claims.length ? [...kept] : [] };
    taken.hidden = kept.size === 0;
    replace(taken, dataMenu(ctx, address("claims", { part: "claims", ...chosen, ...computed(found.compute) }), t("take.claims")), dataMenu(ctx, address("claims", { part: "findings", ...chosen, ...computed(found.compute) }), t("take.findings")));
    count.textContent = t("count", { count: kept.size, all: found.claims.length });
  });
  ctx.watch(["claim"], (signal) => {
    if (!shown()) return;
    const chosen = state.get("claim");
    for (const [name, one] of cards) one.mark(name === chosen);
    const open = cards.get(chosen);
    if (open === undefined) {
      panel.show(found.about);
      return;
    }
    return ctx.load<OneClaim>(open.place, `claims/${chosen}`, computed(found.compute), (answer) => {
      panel.show(answer.about);
      return evidence(ctx, t, answer, found.compute);
    }, signal);
  });
}

export const page: Page = {
  title: (ctx) => ctx.t("menu.claims"),
  render(root, ctx) {
    const t = texts(ctx.lang);
    const place = h("div");
    let drawn = 0;
    root.append(h("p", { class: "lead" }, t("lead")), place);
    ctx.watch(["compute"], (signal) =>
      ctx.load<Claims>(place, "claims", computed(ctx.state.get("compute") === "1"), (found) => {
        const inside = h("div");
        const mine = ++drawn;
        book(inside, ctx, t, found, () => mine === drawn);
        return inside;
      }, signal));
  },
};
