/** Countries without a number in the year, and why. */

import { h, replace } from "../../dom";
import { why, type Drawn } from "./drawn";
import { countryName } from "./names";

/** `move` follows the year. */
export function gaps(drawn: Drawn): { element: HTMLElement; move: () => void } {
  const { ctx, t, scope } = drawn;
  const element = h("div");
  const move = () => {
    const { slice, panel } = drawn.shown();
    const missing = scope.countries.filter((code) => panel.value(code, slice.year) === null);
    if (missing.length === 0) return replace(element);
    const reason = (code: string) => {
      const found = why(drawn, code, slice.year);
      return found || t(found === undefined ? "undefined.absent" : "undefined.unknown");
    };
    replace(
      element,
      h(
        "details",
        { class: "card" },
        h("summary", {}, t("undefined.title", { count: missing.length, all: scope.countries.length, year: slice.year })),
        h("ul", {}, missing.map((code) => h("li", {}, countryName(ctx, code), ": ", reason(code)))),
      ),
    );
  };
  move();
  return { element, move };
}
