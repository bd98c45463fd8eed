import type { Lang, Words } from "../types";
import { en } from "./en";
import { ko } from "./ko";

export type Key = keyof typeof en;
export type Values = Record<string, string | number>;

const CORE: Record<Lang, Record<Key, string>> = { en, ko };
export const LANGS: readonly { code: Lang; name: string }[] = [
  { code: "en", name: "English" },
  { code: "ko", name: "한국어" },
];

/** `{n}` is the value of that name, `{n?row:rows}` a word for one and a word for several. */
function filled(text: string, values: Values): string {
  return text
    .replace(/\{(\w+)\?([^:}]*):([^}]*)\}/g, (_whole, name: string, one: string, several: string) => (String(values[name]) === "1" ? one : several))
    .replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

export function text(lang: Lang, key: Key, values: Values = {}): string {
  return filled(CORE[lang][key], values);
}

/** A page's own texts: every key in both languages or the build fails. */
export function pageTexts<K extends string>(texts: { en: Record<K, string>; ko: Record<NoInfer<K>, string> }) {
  return (lang: Lang) =>
    (key: K, values: Values = {}): string =>
      filled(texts[lang][key], values);
}

export function say(lang: Lang, words: Words | string | null | undefined): string {
  if (words === null || words === undefined) return "";
  return typeof words === "string" ? words : words[lang];
}

export function preferredLang(): Lang {
  const kept = localStorage.getItem("servio.lang");
  if (kept === "en" || kept === "ko") return kept;
  return navigator.language.toLowerCase().startsWith("ko") ? "ko" : "en";
}
