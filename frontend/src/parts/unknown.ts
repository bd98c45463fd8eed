/** What the address asks for and the page does not have: said, with what is shown in its place. */

import { h, replace } from "../dom";
import type { Context } from "../page";
import { texts } from "../text/unknown";
import { notice } from "./notice";

export interface Asked {
  /** Label of the control. */
  readonly kind: string;
  /** As the address has it; nothing asked is nothing to say. */
  readonly asked: string | readonly string[];
  readonly known: readonly (string | number)[];
  /** What is shown instead, in words; none where it is left out. */
  readonly shown?: string;
}

/** Fills `place` with one notice, or empties it. */
export function sayUnknown(ctx: Pick<Context, "lang">, place: HTMLElement, all: readonly Asked[]): void {
  const t = texts(ctx.lang);
  const lines = all.flatMap(({ kind, asked, known, shown }) => {
    const missing = [asked].flat().filter((one) => one !== "" && !known.some((other) => String(other) === one));
    if (missing.length === 0) return [];
    return [t(shown === undefined || shown === "" ? "left" : "instead", { kind, asked: missing.join(", "), shown: shown ?? "" })];
  });
  const words = lines.join(" ");
  if (place.dataset["unknown"] === words) return;
  place.dataset["unknown"] = words;
  place.hidden = words === "";
  replace(place, words && notice("warning", h("strong", {}, t("title")), h("ul", {}, lines.map((line) => h("li", {}, line)))));
}
