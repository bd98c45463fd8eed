/** The answers above the figures, and what is asked for them beside the slice. */

import type { MeasureAnswer } from "../../types";
import { answers } from "./answer";
import { bandOf, bandWords, type Spread } from "./definitions";
import { spreadPath, spreadQuery, why, type Drawn } from "./drawn";
import { groupingOf, isOfServices } from "./names";
import { measurePath } from "./question";
import { servicesPlan, sharesOf } from "./services";

export function summary(drawn: Drawn): HTMLElement {
  const { ctx } = drawn;
  const shown = drawn.shown();
  const { slice } = shown;
  const services = drawn.services && { shares: sharesOf(ctx, drawn.services.plan, drawn.services.answer, slice.country, slice.year), additive: drawn.services.plan.additive, of: ctx.say(groupingOf(ctx, drawn.services.plan.whole)?.title ?? ""), services: isOfServices(ctx, drawn.services.plan.whole) };
  return answers(shown, drawn.band === null ? "" : bandWords(shown, drawn.band), why(drawn, slice.country, slice.year) ?? "", services, drawn.late && isOfServices(ctx, drawn.late.whole) ? "by.which" : drawn.late && "by.inputs");
}

/** The spread over definitions and the service groups; neither is missed where there is none. */
export function askLate(drawn: Drawn): void {
  const { ctx, question, scope } = drawn;
  const slice = drawn.shown().slice;
  const again = () => {
    if (!drawn.current()) return;
    drawn.summary();
    for (const run of [...drawn.refresh]) run();
  };
  const quiet = () => undefined;
  if (question.options["grouping"] !== undefined && (scope.labels.group?.length ?? 0) < 2)
    ctx.api
      .get<Spread>(spreadPath(drawn), spreadQuery(drawn, false), { signal: drawn.signal })
      .then((spread) => {
        drawn.band ??= bandOf(spread);
        again();
      })
      .catch(quiet);
  const plan = servicesPlan(ctx, question, scope, slice);
  drawn.late = plan;
  if (plan !== null)
    ctx.api
      .get<MeasureAnswer>(measurePath(plan.question), plan.query, { signal: drawn.signal })
      .then((answer) => void (drawn.services = { plan, answer }))
      .catch(quiet)
      .finally(() => {
        drawn.late = null;
        again();
      });
}
