/** Words of the server's findings on symbiosis, in the language of the page. */

import type { Lang } from "../../types";

const SECTORS: readonly (readonly [string, string])[] = [
  ["manufacturing", "제조업"],
  ["services", "서비스업"],
  ["agriculture", "농림어업"],
  ["construction", "건설업"],
  ["mining", "광업"],
  ["utilities", "전기·가스·수도업"],
];

const KINDS: readonly (readonly [RegExp, string])[] = [
  [/\bnot identified\b/g, "식별되지 않음"],
  [/\bundetermined\b/g, "정해지지 않음"],
  [/\bnot feasible\b/g, "실현 불가능"],
  [/\bnone\b/g, "없음"],
  [/\bmutualism\b/g, "상리공생"],
  [/\bcompetition\b/g, "경쟁"],
  [/\bneutralism\b/g, "중립"],
  [/\bcommensalism\b/g, "편리공생"],
  [/\bamensalism\b/g, "편해공생"],
  [/\bparasitism\b/g, "기생"],
  [/\bgains?\b/g, "이득"],
  [/\bloses?\b/g, "손실"],
  [/\bopen\b/g, "미정"],
  [/\bunstable node\b/g, "불안정 마디점"],
  [/\bstable node\b/g, "안정 마디점"],
  [/\bunstable focus\b/g, "불안정 초점"],
  [/\bstable focus\b/g, "안정 초점"],
  [/\bsaddle\b/g, "안장점"],
  [/\bcentre\b/g, "중심점"],
  [/\bdegenerate\b/g, "퇴화점"],
];

const REASONS: readonly (readonly [RegExp, string])[] = [
  [/a valley, no clear minimum: condition of J'J ([\d.e+]+)/g, "최솟값이 뚜렷하지 않은 골짜기(J'J 조건수 $1)"],
  [/no capacity of ([^:;]+): alone it would not grow, or its growth does not fall with its size/g, "$1의 수용력 없음(단독으로는 성장하지 않거나, 커져도 성장이 둔화되지 않음)"],
  [/no capacity of ([^:;]+): growth does not fall with own size/g, "$1의 수용력 없음(커져도 성장이 둔화되지 않음)"],
  [/d of ([^;]+) is open: a larger K with a smaller d fits as well/g, "$1의 d는 미정: K가 크고 d가 작아도 똑같이 맞음"],
  [/residuals correlated with those before \(([^)]+)\): intervals are too narrow/g, "잔차가 앞 연도의 잔차와 상관($1): 구간이 실제보다 좁음"],
  [/capacity of ([^;]+) lies beyond ten times the largest value seen/g, "$1의 수용력이 관측 최댓값의 10배를 넘음"],
  [/r of ([^;]+) beyond ([\d.]+) a year: no sector of an economy grows or shrinks that fast/g, "$1의 r이 연 $2를 넘음: 그렇게 빠르게 변하는 부문은 없음"],
  [/short: (\d+) times, fewer than (\d+)/g, "시계열이 짧음: $1개 시점($2개 미만)"],
  [/r, K and d are hardly identified/g, "r, K, d를 식별하기 어려움"],
  [/perfect fit: intervals have no width/g, "완전한 적합: 구간의 폭이 없음"],
  [/not computed for (\w+) \(/g, "$1: 계산하지 못함 ("],
  [/no band: more than one refit in twenty found no minimum/g, "구간 없음: 재적합의 20분의 1 넘게 최솟값을 찾지 못함"],
  [/the fitted model blows up: (\w+) at t = ([\d.]+)/g, "적합한 모형이 발산함: $1, t = $2"],
];

export function sectorWords(lang: Lang, name: string): string {
  return lang === "ko" ? (SECTORS.find(([code]) => code === name)?.[1] ?? name.replaceAll("_", " ")) : name.replaceAll("_", " ");
}

function translated(text: string, phrases: readonly (readonly [RegExp, string])[]): string {
  const said = phrases.reduce((words, [phrase, korean]) => words.replace(phrase, korean), text);
  return SECTORS.reduce((words, [name, korean]) => words.replaceAll(name, korean), said);
}

/** `parasitism (services gain)` and the like. */
export function kindWords(lang: Lang, kind: string): string {
  return lang === "ko" ? translated(kind, KINDS) : kind;
}

/** Why a kind is not identified, and other doubts. */
export function reasonWords(lang: Lang, reason: string): string {
  return lang === "ko" ? translated(reason, REASONS) : reason;
}

const DEFINITIONS: readonly (readonly [RegExp, string])[] = [
  [/^share of inputs of the services, total$/, "서비스업 중간투입 중 비중, 전체"],
  [/^share of inputs of the services, domestic$/, "서비스업 중간투입 중 비중, 국산"],
  [/^share of inputs but energy$/, "에너지를 뺀 중간투입 중 비중"],
  [/^share of complete inputs$/, "직간접 투입 중 비중"],
  [/^share of inputs$/, "중간투입 중 비중"],
  [/^per output$/, "산출 대비"],
  [/^cosine of inputs$/, "투입구조의 코사인"],
  [/^overlap of inputs$/, "투입구조의 겹침"],
  [/^cosine of outputs$/, "판매구조의 코사인"],
];

/** How a kind of evidence on modes is measured. */
export function definitionWords(lang: Lang, definition: string): string {
  return lang === "ko" ? translated(definition, DEFINITIONS) : definition;
}
