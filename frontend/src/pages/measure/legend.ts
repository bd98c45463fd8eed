import { plot } from "../../parts/axes";
import { scaleOfPage } from "../../parts/echarts";

const WIDEST = 140;

/** Room for all names, in as many lines as they need in the narrowest layout. */
export function withLegend(names: readonly string[], legend: { data?: string[] } = {}) {
  const scale = scaleOfPage();
  const across = innerWidth < 1200 ? Math.min(innerWidth - 90, 700) : (innerWidth - 480 * scale) / 2 - 60;
  const signs = (name: string) => [...name].reduce((sum, sign) => sum + (sign > "\u1100" ? 11 : 6.4), 0);
  const needed = names.reduce((sum, name) => sum + (Math.min(WIDEST, signs(name)) + 36) * scale, 0);
  return { grid: plot({ top: 18 + 20 * Math.ceil((needed * 1.12) / across) }), legend: { ...legend, type: "plain" as const, itemGap: 6 * scale, textStyle: { fontSize: 11 * scale, width: WIDEST * scale, overflow: "truncate" as const } } };
}
