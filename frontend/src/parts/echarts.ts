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

export const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Noto Sans KR", "Apple SD Gothic Neo", "Malgun Gothic", sans-serif';

function look(colours: Colours): object {
  const axis = {
    axisLine: { lineStyle: { color: colours.line } },
    axisTick: { lineStyle: { color: colours.line } },
    axisLabel: { color: colours.muted, fontSize: 12 },
    nameTextStyle: { color: colours.muted, fontSize: 12 },
    splitLine: { lineStyle: { color: colours.faint } },
  };
  return {
    color: colours.series,
    backgroundColor: "transparent",
    textStyle: { fontFamily: FONT, color: colours.ink },
    categoryAxis: { ...axis, splitLine: { show: false } },
    valueAxis: axis,
    logAxis: axis,
    timeAxis: axis,
    legend: { textStyle: { color: colours.ink }, inactiveColor: colours.line, pageTextStyle: { color: colours.muted } },
    tooltip: { backgroundColor: colours.panel, borderColor: colours.line, textStyle: { color: colours.ink, fontSize: 13 } },
    visualMap: { textStyle: { color: colours.muted } },
    line: { symbolSize: 5, lineStyle: { width: 2 } },
  };
}

for (const theme of ["light", "dark"] as Theme[]) core.registerTheme(`servio-${theme}`, look(coloursOf(theme)));

export { core };
