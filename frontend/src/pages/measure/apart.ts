/** One number taken apart, below the views: the flows behind it. */

import { h, replace } from "../../dom";
import { quantity } from "../../format";
import { numeric } from "../../frames";
import type { Context } from "../../page";
import { sayUnknown } from "../../parts/unknown";
import type { Say } from "../../text/measure";
import { cellView, type CellReply } from "./cell";
import { chosen, questionOf, written, type Chosen } from "./chosen";
import type { Drawn } from "./drawn";
import type { Explained } from "./explained";
import { countryName, labelName } from "./names";
import { baseQuery, measurePath, type Question, type Scope } from "./question";
import type { Place } from "./views";

export class Apart {
  readonly element = h("section", { class: "card cell", hidden: true });
  readonly #mark = h("span");
  /** Somebody chose the number just now, rather than the address. */
  #wanted = false;

  constructor(
    private readonly t: Say,
    private readonly panel: Explained,
    private readonly drawn: () => Drawn | null,
  ) {}

  pick(place: Place, question: Question): void {
    const drawn = this.drawn();
    if (drawn === null) return;
    const { labels } = drawn.shown().slice;
    const same = question.options["grouping"] === drawn.question.options["grouping"];
    const cell = written({
      country: place.country,
      industry: place.industry ?? labels.industry ?? "",
      group: place.group ?? (same ? (labels.group ?? "") : ""),
      year: place.year === 0 ? "" : String(place.year),
      by: question.options["by"] ?? "",
      grouping: question.options["grouping"] ?? "",
      only: question.only,
    });
    if (drawn.ctx.state.get("cell") === cell) this.element.scrollIntoView({ block: "start" });
    this.#wanted = true;
    drawn.ctx.state.patch({ cell });
  }

  async show(ctx: Context, question: Question | null, signal: AbortSignal): Promise<void> {
    const { t, panel } = this;
    const one = question && chosen(ctx, question);
    this.element.hidden = one === null;
    if (question === null || one === null) {
      replace(this.element);
      return panel.close();
    }
    panel.open();
    const { country, industry, group, year } = one;
    const other = questionOf(question, one);
    const path = `cell/${question.info.name}`;
    const query = { ...baseQuery(other), source: question.table ? undefined : question.source, country, industry, group, year };
    const title = h("h2", { tabindex: -1 }, t("cell.title"));
    const place = h("div", { class: "stack" });
    const where = [countryName(ctx, country), industry && labelName(ctx, other, "industry", industry), group && labelName(ctx, other, "group", group), year].filter(Boolean).join(" · ");
    const words = h("p", { class: "lead" }, where);
    replace(this.element, h("div", { class: "bar" }, title, h("div", { class: "actions" }, this.#mark, h("button", { type: "button", onclick: () => ctx.state.patch({ cell: undefined }) }, t("cell.close")))), words, place);
    this.mark();
    if (this.#wanted) {
      this.#wanted = false;
      title.focus({ preventScroll: true });
      this.element.scrollIntoView({ block: "start" });
    }
    let scope: Scope | null = null;
    await ctx.load<Scope>(place, measurePath(question), { ...baseQuery(other), bare: true }, (found) => void (scope = found), signal);
    if (signal.aborted) return;
    if (scope === null || !isThere(scope, one)) {
      if (scope !== null) sayUnknown(ctx, place, [{ kind: t("cell.asked"), asked: where, known: [] }]);
      return panel.close();
    }
    let answered = false;
    await ctx.load<CellReply>(
      place,
      path,
      query,
      (reply) => {
        const value = numberWords(ctx, reply);
        replace(words, h("strong", {}, reply.value === null ? ctx.t("table.undefined") : `${ctx.say(reply.about.title)}: ${value}`), " · ", where);
        answered = true;
        panel.choose({ about: reply.about, point: { label: where, value } });
        return cellView(ctx, t, reply, path, query, (point) => panel.point(point, reply.about));
      },
      signal,
    );
    if (!answered && !signal.aborted) panel.close();
  }

  /** Offers to make the number's country the chosen one, where it is another's. */
  mark(): void {
    const drawn = this.drawn();
    if (drawn === null) return replace(this.#mark);
    const { ctx, question } = drawn;
    const country = chosen(ctx, question)?.country;
    const { slice } = drawn.shown();
    const others = [slice.country, ...slice.others].filter((code) => code !== country);
    const other = country !== undefined && country !== slice.country;
    replace(this.#mark, other && h("button", { type: "button", onclick: () => ctx.state.patch({ country, with: others }) }, this.t("cell.mark", { country: countryName(ctx, country) })));
  }
}

/** Whether there is a row of these labels; a label the measure does not have is not asked for. */
function isThere({ countries, years, labels }: Scope, one: Chosen): boolean {
  const among = (text: string, all: readonly (string | number)[] | undefined) => text === "" || all === undefined || all.map(String).includes(text);
  return among(one.country, countries) && among(one.year, years) && among(one.industry, labels.industry) && among(one.group, labels.group);
}

function numberWords(ctx: Context, reply: CellReply): string {
  const value = numeric(reply.value);
  return value === null ? ctx.t("table.undefined") : quantity(value, reply.about.unit, ctx.lang);
}
