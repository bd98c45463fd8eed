/** Colours: Okabe and Ito (2008) for series, one constant colour for services. */

export type Theme = "light" | "dark";

export interface Colours {
  readonly ink: string;
  readonly muted: string;
  readonly line: string;
  readonly faint: string;
  readonly ground: string;
  readonly panel: string;
  readonly missing: string;
  /** Services, everywhere and in both themes. */
  readonly service: string;
  readonly goods: string;
  readonly marked: string;
  readonly series: readonly string[];
  readonly sequential: readonly string[];
  readonly diverging: readonly string[];
}

const VIRIDIS = ["#440154", "#472d7b", "#3b528b", "#2c728e", "#21918c", "#28ae80", "#5ec962", "#addc30", "#fde725"];

const COLOURS: Record<Theme, Colours> = {
  light: {
    ink: "#1c2430",
    muted: "#545f6e",
    line: "#cbd2da",
    faint: "#e8ecf0",
    ground: "#ffffff",
    panel: "#ffffff",
    missing: "#dde1e6",
    service: "#d55e00",
    goods: "#5b7083",
    marked: "#0072b2",
    series: ["#0072b2", "#009e73", "#b8558f", "#c98a00", "#3f9fd8", "#7a6f00", "#1c2430", "#8a93a0"],
    sequential: [...VIRIDIS].reverse(),
    diverging: ["#2166ac", "#67a9cf", "#d1e5f0", "#f7f7f7", "#fddbc7", "#ef8a62", "#b2182b"],
  },
  dark: {
    ink: "#e7ebf0",
    muted: "#a7b1bd",
    line: "#414b57",
    faint: "#28303a",
    ground: "#171c22",
    panel: "#171c22",
    missing: "#323a44",
    service: "#e8743b",
    goods: "#8ea2b4",
    marked: "#56b4e9",
    series: ["#56b4e9", "#2bc79a", "#dd93ba", "#e6b13a", "#9ad2f5", "#f0e442", "#e7ebf0", "#8a93a0"],
    sequential: VIRIDIS,
    diverging: ["#67a9cf", "#4a7a9b", "#38505f", "#3a3f45", "#6b4a42", "#b46a52", "#f4a582"],
  },
};

export function coloursOf(theme: Theme): Colours {
  return COLOURS[theme];
}

export function preferred(): Theme {
  const kept = localStorage.getItem("servio.theme");
  if (kept === "light" || kept === "dark") return kept;
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

export function wear(theme: Theme): void {
  document.documentElement.dataset["theme"] = theme;
}
