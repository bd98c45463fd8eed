/** One number taken apart, below the views: the flows behind it. */

import { h, replace } from "../../dom";
import { quantity } from "../../format";
import { numeric } from "../../frames";
import type { Context } from "../../page";
import type { AboutPanel } from "../../parts/about";
import type { Say } from "../../text/measure";
import { cellView, type CellReply } from "./cell";
import type { Drawn } from "./drawn";
import { countryName, labelName } from "./names";
import { ask, baseQuery, type Question } from "./question";
import type { Place } from "./views";

const SEPARATOR = "~";

export class Apart {
  readonly element = h("section", { class: "card cell", hidden: true });
  /** Somebody chose the number just now, rather than the address. */
  #wanted = false;

  constructor(
    private readonly ctx: Context,
    private readonly t: Say,
    private readonly panel: AboutPanel,
    private readonly drawn: () => Drawn | null,
  ) {}

  pick(place: Place, question: Question): void {
    const drawn = this.drawn();
    if (drawn === null) return;
    const { labels } = drawn.shown().slice;
    const grouping = question.options["grouping"] === drawn.question.options["grouping"];
    const industry = place.industry ?? labels.industry ?? "";
    const group = place.group ?? (grouping ? (labels.group ?? "") : "");
    const by = question.options["by"] ?? "";
    const cell = [place.country, industry, group, place.year, by, question.options["grouping"] ?? "", question.only].join(SEPARATOR);
    if (this.ctx.state.get("cell") === cell) this.element.scrollIntoView({ block: "start" });
    this.#wanted = true;
    this.ctx.state.patch({ cell });
  }

  async show(signal: AbortSignal): Promise<void> {
    const { ctx, t, panel } = this;
    const text = ctx.state.get("cell");
    const question = ask(ctx);
    this.element.hidden = text === "" || question === null;
    if (text === "" || question === null) return replace(this.element);
    const [country = "", industry = "", group = "", year = "", by = "", grouping = "", only = ""] = text.split(SEPARATOR);
    const options = { ...question.options, ...(by && "by" in question.options ? { by } : {}), ...(grouping && "grouping" in question.options ? { grouping } : {}) };
    const other: Question = { ...question, options, only };
    const path = `cell/${question.info.name}`;
    const query = { ...baseQuery(other), source: question.table ? undefined : question.source, country, industry, group, year };
    const title = h("h2", { tabindex: -1 }, t("cell.title"));
    const place = h("div", { class: "stack" });
    const where = [countryName(ctx, country), industry && labelName(ctx, other, "industry", industry), group && labelName(ctx, other, "group", group), year].filter(Boolean).join(" · ");
    const words = h("p", { class: "lead" }, where);
    replace(this.element, h("div", { class: "bar" }, title, h("div", { class: "actions" }, this.#mark(country), h("button", { type: "button", onclick: () => ctx.state.patch({ cell: undefined }) }, t("cell.close")))), words, place);
    if (this.#wanted) {
      this.#wanted = false;
      title.focus({ preventScroll: true });
      this.element.scrollIntoView({ block: "start" });
    }
    await ctx.load<CellReply>(
      place,
      path,
      query,
      (reply) => {
        const value = numberWords(ctx, reply);
        replace(words, h("strong", {}, reply.value === null ? ctx.t("table.undefined") : `${ctx.say(reply.about.title)}: ${value}`), " · ", where);
        panel.show(reply.about);
        panel.point({ label: where, value });
        return cellView(ctx, t, reply, path, query, (one) => panel.point(one));
      },
      signal,
    );
  }

  /** Makes the number's country the chosen one, where it is another's. */
  #mark(country: string): HTMLElement | false {
    const { ctx, t } = this;
    const current = this.drawn()?.shown().slice.country;
    const others = () => [current ?? "", ...(this.drawn()?.shown().slice.others ?? [])].filter((code) => code && code !== country);
    return current !== country && h("button", { type: "button", onclick: () => ctx.state.patch({ country, with: others() }) }, t("cell.mark", { country: countryName(ctx, country) }));
  }
}

function numberWords(ctx: Context, reply: CellReply): string {
  const value = numeric(reply.value);
  return value === null ? ctx.t("table.undefined") : quantity(value, reply.about.unit, ctx.lang);
}
