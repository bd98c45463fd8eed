/** How an estimate was made, in the page's language: the server says it in a few fixed forms. */

import type { Context } from "../../page";
import type { About, Lang } from "../../types";

const LEVELS: Readonly<Record<string, string>> = { country: "국가", industry: "산업", year: "연도" };
type Form = readonly [RegExp, (...found: string[]) => string];
const FORMS: readonly Form[] = [
  [/^within \((.+)\)( weighted)?$/, (levels, weighted) => `고정효과(${named(levels)})${weighted ? ", 가중" : ""}`],
  [/^clustered by (.+)$/, (levels) => `군집 표준오차(${named(levels)})`],
  [/^Driscoll-Kraay, (.+) kernel, (\d+) lags?$/, (kernel, lags) => `Driscoll–Kraay, ${kernel} 커널, 시차 ${lags}`],
  [/^Newey-West, (.+) kernel, (\d+) lags?$/, (kernel, lags) => `Newey–West, ${kernel} 커널, 시차 ${lags}`],
  [/^heteroskedasticity-robust( \(HC3\))?$/, (hc3 = "") => `이분산에 강건한 표준오차${hc3}`],
  [/^iid$/, () => "동분산·무상관을 가정한 표준오차"],
  [/^random effects \(Swamy-Arora\)$/, () => "임의효과(Swamy–Arora)"],
  [/^ssc none: no correction, normal$/, () => "소표본 보정 없음, 정규분포"],
  [/^no further correction, t with (\S+) df$/, (df) => `추가 보정 없음, 자유도 ${df}의 t 분포`],
  [/^ssc (\w+): (.+?), (K = \d+)(, all fixed effects counted)?(?:, (.+) not counted: nested in clusters)?, t with (\S+) df$/, corrected],
];
/** Parts of what a sample is. */
const SAMPLE: readonly Form[] = [
  [/([\d,]+) of ([\d,]+) rows/, (own, all) => `관측치 ${all}개 가운데 ${own}개`],
  [/([\d,]+) entities/, (count) => `개체 ${count}개`],
  [/, (\d+) to (\d+)/, (first, last) => `, ${first}–${last}년`],
  [/, where (.+)$/, (where) => `, 조건 ${where}`],
  [/, weights (\S+)$/, (weights) => `, 가중치 ${weights}`],
];
/** Why rows are left out. */
const REASONS: readonly Form[] = [
  [/^([\d,]+) rows of the panel: (.+)$/, (rows, why) => `패널에서 제외된 관측치 ${rows}개: ${reasonOf(why)}`],
  [/^(\S+) is missing$/, (column) => `${column}의 값이 없음`],
  [/^not where (.+)$/, (where) => `조건에 맞지 않음: ${where}`],
  [/^singleton: the only row of its (.+)$/, (level) => `고정효과 수준(${named(level)})에 관측치가 하나뿐임`],
  [/^no row(: .+)?$/, (columns = "") => `결과 행이 없음${columns}`],
  [/^undefined(?: \((.+?)\))?(: .+)?$/, (why = "", columns = "") => `정의되지 않음${why && `(${why === "zero output" ? "산출이 0" : why})`}${columns}`],
];
const KINDS: Readonly<Record<string, string>> = { domestic: "국산", imported: "수입", geometric: "기하평균", mean: "산술평균", true: "직접·간접" };

/** "country:industry (800) and year (14)": levels crossed, with how many there are. */
function named(levels = ""): string {
  return levels
    .replace(/[a-z]+/g, (one) => LEVELS[one] ?? one)
    .replaceAll(":", "×")
    .replaceAll(" and ", ", ");
}

function corrected(preset = "", factor = "", k = "", all = "", nested = "", df = ""): string {
  const counted = [all && "고정효과 모두 포함", nested && `군집에 내포된 고정효과 ${named(nested)} 제외`].filter(Boolean).join(", ");
  return `소표본 보정 ${preset}: ${factor}, ${k}${counted && `(${counted})`}, 자유도 ${df}의 t 분포`;
}

function matched(forms: readonly Form[], said: string): string {
  for (const [form, words] of forms) {
    const found = form.exec(said);
    if (found !== null) return words(...found.slice(1));
  }
  return said;
}

function reasonOf(said = ""): string {
  return matched(REASONS, said);
}

/** What the rows of a panel are of: "country × industry". */
export function entityWords(lang: Lang, entity: readonly string[]): string {
  return entity.map((one) => (lang === "en" ? one : (LEVELS[one] ?? one))).join(lang === "en" ? " × " : "×");
}

/** The estimator, or how its errors are taken. */
export function methodWords(lang: Lang, said: string): string {
  return lang === "en" ? said : said.split("; ").map((one) => matched(FORMS, one)).join("; ");
}

export function sampleWords(lang: Lang, said: string): string {
  if (lang === "en") return said;
  return SAMPLE.reduce((text, [form, words]) => text.replace(form, (_, ...found: unknown[]) => words(...found.map(String))), said);
}

/** Why rows are left out; what is said in another form stays. */
export function reasonWords(lang: Lang, said: string): string {
  return lang === "en" ? said : said.split("; ").map(reasonOf).join("; ");
}

/** How an estimate is made, in the page's language. */
export function inWords<T extends { readonly about: About }>(lang: Lang, answer: T): T {
  const { about } = answer;
  if (lang === "en") return answer;
  const [made = "", errors] = about.source.split("; errors ");
  const source = errors === undefined ? about.source : `${made.replace(/: (.+)$/, (_, method: string) => `: ${methodWords(lang, method)}`)}; ${methodWords(lang, errors)}`;
  const definition = typeof about.definition === "string" ? about.definition.split("; ").map((one) => sampleWords(lang, one)).join("; ") : about.definition;
  const { evidence } = about;
  const first = evidence?.undefined_first;
  const seen = evidence !== null && typeof first === "string" ? { ...evidence, undefined_first: reasonWords(lang, first) } : evidence;
  return { ...answer, about: { ...about, source, definition, evidence: seen } };
}

/** "Convergence rate with services (domestic)": the title of a measure, with what is unusual about it. */
export function measureWords(ctx: Context, said: string): string {
  if (ctx.lang === "en") return said;
  const known = ctx.study.measures.find(({ title }) => said === title.en || said.startsWith(`${title.en} (`));
  if (known === undefined) return said;
  return known.title[ctx.lang] + said.slice(known.title.en.length).replace(/[a-z]+/g, (one) => KINDS[one] ?? one);
}
