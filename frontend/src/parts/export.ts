/** Figures and data to take away. An exported figure carries its title, its note and, if so, "made-up data". */

import type { EChartsOption } from "echarts";
import { h } from "../dom";
import type { Context } from "../page";
import { coloursOf } from "../theme";
import { core, FONT, look } from "./echarts";

export interface Plate {
  readonly title: string;
  readonly note: string;
  readonly option: EChartsOption;
  readonly width: number;
  readonly height: number;
  readonly name: string;
}

const HEAD = 40;
const FOOT = 34;
const SIDE = 12;
const SHARP = 2;
const FORMATS = [
  ["csv", "CSV"],
  ["xlsx", "Excel"],
  ["parquet", "Parquet"],
  ["dta", "Stata"],
  ["json", "JSON"],
] as const;

function save(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

export function saveSvg(plate: Plate): void {
  const { ink, muted, ground } = coloursOf("light");
  const chart = core.init(null, look("light"), { renderer: "svg", ssr: true, width: plate.width, height: plate.height });
  chart.setOption(plate.option);
  const inner = chart.renderToSVGString().replace("<svg ", `<svg y="${HEAD}" `);
  chart.dispose();
  const [width, height] = [plate.width, plate.height + HEAD + FOOT];
  const words = (y: number, size: number, colour: string, text: string) =>
    `<text x="${SIDE}" y="${y}" font-family="${escaped(FONT)}" font-size="${size}" fill="${colour}">${escaped(text)}</text>`;
  const whole = [
    `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`,
    `<rect width="100%" height="100%" fill="${ground}"/>`,
    words(26, 16, ink, plate.title),
    inner,
    words(height - 12, 11, muted, plate.note),
    "</svg>",
  ].join("");
  save(new Blob([whole], { type: "image/svg+xml" }), `${plate.name}.svg`);
}

export function savePng(plate: Plate): void {
  const { ink, muted, ground } = coloursOf("light");
  const chart = core.init(h("div"), look("light"), { renderer: "canvas", width: plate.width, height: plate.height, devicePixelRatio: SHARP });
  chart.setOption(plate.option);
  chart.getZr().flush();
  const inner = chart.renderToCanvas({ pixelRatio: SHARP });
  chart.dispose();
  const whole = document.createElement("canvas");
  whole.width = plate.width * SHARP;
  whole.height = (plate.height + HEAD + FOOT) * SHARP;
  const pen = whole.getContext("2d");
  if (pen === null) return;
  pen.scale(SHARP, SHARP);
  pen.fillStyle = ground;
  pen.fillRect(0, 0, plate.width, plate.height + HEAD + FOOT);
  pen.drawImage(inner, 0, HEAD, plate.width, plate.height);
  const words = (y: number, size: number, colour: string, text: string) => {
    pen.font = `${size}px ${FONT}`;
    pen.fillStyle = colour;
    pen.fillText(text, SIDE, y, plate.width - 2 * SIDE);
  };
  words(26, 16, ink, plate.title);
  words(plate.height + HEAD + FOOT - 12, 11, muted, plate.note);
  whole.toBlob((blob) => blob !== null && save(blob, `${plate.name}.png`), "image/png");
}

/** Links that give the data behind an answer in the formats of the command line. */
export function dataLinks(ctx: Pick<Context, "t">, data: string): HTMLElement[] {
  return FORMATS.map(([format, words]) =>
    h("a", { href: `${data}${data.includes("?") ? "&" : "?"}format=${format}&wait=60`, download: true }, ctx.t("chart.data", { format: words })),
  );
}
