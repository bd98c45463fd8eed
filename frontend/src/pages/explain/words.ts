/** How an estimate was made, in the page's language: the server says it in a few fixed forms. */

import type { Context } from "../../page";
import type { Lang } from "../../types";

const LEVELS: Readonly<Record<string, string>> = { country: "국가", industry: "산업", year: "연도" };
const FORMS: readonly (readonly [RegExp, (...found: string[]) => string])[] = [
  [/^within \((.+)\)( weighted)?$/, (levels, weighted) => `고정효과(${named(levels)})${weighted ? ", 가중" : ""}`],
  [/^clustered by (.+)$/, (levels) => `군집 표준오차(${named(levels)})`],
  [/^Driscoll-Kraay, (.+) kernel, (\d+) lags?$/, (kernel, lags) => `Driscoll–Kraay, ${kernel} 커널, 시차 ${lags}`],
];
const KINDS: Readonly<Record<string, string>> = { domestic: "국산", imported: "수입", geometric: "기하평균", mean: "산술평균", true: "직접·간접" };

/** "country:industry (800) and year (14)": levels crossed, with how many there are. */
function named(levels = ""): string {
  return levels
    .replace(/[a-z]+/g, (one) => LEVELS[one] ?? one)
    .replaceAll(":", "×")
    .replaceAll(" and ", ", ");
}

/** The estimator, or how its errors are taken. */
export function methodWords(lang: Lang, said: string): string {
  if (lang === "en") return said;
  const [first = "", ...rest] = said.split("; ");
  for (const [form, words] of FORMS) {
    const found = form.exec(first);
    if (found !== null) return [words(...found.slice(1)), ...rest].join("; ");
  }
  return said;
}

/** "Convergence rate with services (domestic)": the title of a measure, with what is unusual about it. */
export function measureWords(ctx: Context, said: string): string {
  if (ctx.lang === "en") return said;
  const known = ctx.study.measures.find(({ title }) => said === title.en || said.startsWith(`${title.en} (`));
  if (known === undefined) return said;
  return known.title[ctx.lang] + said.slice(known.title.en.length).replace(/[a-z]+/g, (one) => KINDS[one] ?? one);
}
