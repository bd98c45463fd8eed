/** The parts of ECharts that are shipped: what is not named here is not in the bundle. */

import { BarChart, BoxplotChart, CustomChart, GraphChart, HeatmapChart, LineChart, LinesChart, MapChart, SankeyChart, ScatterChart } from "echarts/charts";
import { DataZoomInsideComponent, GeoComponent, GridComponent, LegendComponent, MarkAreaComponent, MarkLineComponent, MarkPointComponent, TooltipComponent, VisualMapContinuousComponent, VisualMapPiecewiseComponent } from "echarts/components";
import * as core from "echarts/core";
import { LabelLayout } from "echarts/features";
import { CanvasRenderer, SVGRenderer } from "echarts/renderers";
import { coloursOf, type Colours, type Theme } from "../theme";

core.use([
  BarChart, BoxplotChart, CustomChart, GraphChart, HeatmapChart, LineChart, LinesChart, MapChart, SankeyChart, ScatterChart,
  DataZoomInsideComponent, GeoComponent, GridComponent, LegendComponent, MarkAreaComponent, MarkLineComponent, MarkPointComponent,
  TooltipComponent, VisualMapContinuousComponent, VisualMapPiecewiseComponent,
  LabelLayout, CanvasRenderer, SVGRenderer,
]);

/** Single quotes: ECharts writes the names unescaped between double ones into SVG. */
export const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Noto Sans KR', 'Apple SD Gothic Neo', 'Malgun Gothic', sans-serif";

/** Text of charts grows with the text of the page. */
export function scaleOfPage(): number {
  return parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;
}

/** The look of charts in a theme. */
export function look(theme: Theme): object {
  const colours: Colours = coloursOf(theme);
  const scale = scaleOfPage();
  const [usual, large] = [12 * scale, 13 * scale];
  const axis = {
    axisLine: { lineStyle: { color: colours.line } },
    axisTick: { lineStyle: { color: colours.line } },
    axisLabel: { color: colours.muted, fontSize: usual },
    nameTextStyle: { color: colours.muted, fontSize: usual },
    splitLine: { lineStyle: { color: colours.faint } },
  };
  return {
    color: colours.series,
    backgroundColor: "transparent",
    textStyle: { fontFamily: FONT, color: colours.ink, fontSize: usual },
    categoryAxis: { ...axis, splitLine: { show: false } },
    valueAxis: axis,
    logAxis: axis,
    timeAxis: axis,
    legend: { top: 0, bottom: "auto", itemWidth: 20 * scale, itemHeight: 12 * scale, textStyle: { color: colours.ink, fontSize: usual }, inactiveColor: colours.line, pageTextStyle: { color: colours.muted } },
    tooltip: { backgroundColor: colours.panel, borderColor: colours.line, textStyle: { color: colours.ink, fontSize: large } },
    visualMap: { textStyle: { color: colours.muted, fontSize: usual } },
    line: { symbolSize: 5 * scale, lineStyle: { width: 2 * scale } },
  };
}

export { core };
