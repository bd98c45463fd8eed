/** Numbers as people of the language write them, by unit. */

import type { Lang } from "./types";

export const NONE = "–";
const KINDS = new Map<string, Intl.NumberFormat>();

function kind(lang: Lang, key: string, options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const name = `${lang} ${key}`;
  const known = KINDS.get(name) ?? new Intl.NumberFormat(lang, options);
  KINDS.set(name, known);
  return known;
}

/** A part of a whole is shown in per cent; a ratio is not, it may be any size. */
export function isShare(unit: string): boolean {
  return unit === "share";
}

export type Style = "full" | "short";

/** Whole numbers that are counted, not measured: no decimals. */
const COUNTED = new Set(["", "count", "class", "level", "year", "years"]);

/** `0.3142` of unit "share" → `31.4 %`; money and counts with separators; nothing → `–`.
 * Decimals go by size and are written out (0.1390), so that columns line up; under 0.01 three significant digits. */
export function number(value: unknown, unit: string, lang: Lang, style: Style = "full"): string {
  if (typeof value !== "number" || !Number.isFinite(value)) return NONE;
  if (isShare(unit)) {
    const digits = style === "short" ? 0 : Math.abs(value) < 0.1 ? 2 : 1;
    const text = kind(lang, `f${digits}`, { minimumFractionDigits: digits, maximumFractionDigits: style === "short" ? 1 : digits });
    return `${text.format(value * 100)} %`;
  }
  const size = Math.abs(value);
  if (style === "short" && size >= 10_000) return kind(lang, "compact", { notation: "compact", maximumFractionDigits: 1 }).format(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e15)) return value.toExponential(2);
  if (value === 0 || (Number.isInteger(value) && COUNTED.has(unit))) return kind(lang, "d0", { maximumFractionDigits: 0 }).format(value);
  const digits = size >= 1000 ? 0 : size >= 100 ? 1 : size >= 1 ? 2 : size >= 0.01 ? 4 : size >= 0.001 ? 5 : 6;
  const least = style === "short" ? 0 : digits;
  return kind(lang, `d${least}-${digits}`, { minimumFractionDigits: least, maximumFractionDigits: digits }).format(value);
}

const SIZES: Readonly<Record<string, string>> = { thousand: "천", million: "백만", billion: "십억" };

/** A unit of money in the page's language: "million USD" is "백만 USD". */
export function unitText(unit: string, lang: Lang): string {
  return lang === "ko" ? unit.replace(/\b(thousand|million|billion)(?= )/g, (size) => SIZES[size] ?? size) : unit;
}

/** With its unit, for sentences and the evidence panel. */
export function quantity(value: unknown, unit: string, lang: Lang): string {
  const text = number(value, unit, lang);
  return text === NONE || ["share", "ratio", "index", "class", "", "1"].includes(unit) ? text : `${text} ${unitText(unit, lang)}`;
}

/** A residual or a probability: two significant figures, small ones as powers of ten. */
export function small(value: unknown): string {
  if (typeof value !== "number" || !Number.isFinite(value)) return NONE;
  return value === 0 ? "0" : Math.abs(value) < 0.001 ? value.toExponential(1) : value.toPrecision(2);
}
