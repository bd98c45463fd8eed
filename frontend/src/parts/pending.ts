import type { Progress, Query } from "../api";
import { h, replace } from "../dom";
import type { Context } from "../page";
import { faultNotice, notice } from "./notice";

const UNSEEN = 250;

/** What `Context.load` does: see there. */
export async function load<T>(
  ctx: Pick<Context, "api" | "t" | "left">,
  place: HTMLElement,
  path: string,
  query: Query,
  draw: (answer: T) => Node | readonly Node[] | void,
  signal: AbortSignal = ctx.left,
): Promise<void> {
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal, ctx.left]);
  const mine = (loads.get(place) ?? 0) + 1;
  loads.set(place, mine);
  const bar = progressBar(ctx, stop);
  const timer = setTimeout(() => {
    if (!both.aborted && loads.get(place) === mine) place.prepend(bar.element);
  }, UNSEEN);
  place.setAttribute("aria-busy", "true");
  try {
    const answer = await ctx.api.get<T>(path, query, { signal: both, progress: bar.show });
    if (both.aborted || loads.get(place) !== mine) return;
    const drawn = draw(answer);
    if (drawn !== undefined) replace(place, ...(drawn instanceof Node ? [drawn] : drawn));
  } catch (error) {
    if (signal.aborted || ctx.left.aborted || loads.get(place) !== mine) return;
    if (stop.signal.aborted) replace(place, notice("info", ctx.t("pending.cancelled")));
    else replace(place, faultNotice(ctx, error, () => void load(ctx, place, path, query, draw, signal)));
  } finally {
    clearTimeout(timer);
    bar.element.remove();
    if (loads.get(place) === mine) place.removeAttribute("aria-busy");
  }
}

const loads = new WeakMap<HTMLElement, number>();

function progressBar(ctx: Pick<Context, "api" | "t">, stop: AbortController) {
  const bar = h("progress", { max: 1, "aria-label": ctx.t("pending.working") });
  const words = h("span", {}, ctx.t("pending.loading"));
  const cancel = h("button", { type: "button", hidden: true }, ctx.t("pending.cancel"));
  const element = h("div", { class: "pending", role: "status" }, bar, words, cancel);
  let job = "";
  cancel.addEventListener("click", () => {
    stop.abort();
    void ctx.api.cancel(job).catch(() => undefined);
  });
  const show = (progress: Progress) => {
    job = progress.job;
    cancel.hidden = false;
    if (progress.of > 0) {
      bar.max = progress.of;
      bar.value = progress.done;
    }
    words.textContent =
      progress.place > 0
        ? ctx.t("pending.queue", { place: progress.place })
        : progress.of > 0
          ? ctx.t("pending.count", { done: progress.done, of: progress.of })
          : ctx.t("pending.working");
  };
  return { element, show };
}
