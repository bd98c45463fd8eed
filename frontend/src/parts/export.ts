/** Figures and data to take away. An exported figure says what it shows, in which unit, from which data. */

import type { EChartsOption } from "echarts";
import { h } from "../dom";
import { coloursOf } from "../theme";
import { core, FONT, look } from "./echarts";

export interface Plate {
  readonly title: string;
  /** Second line of the head; "" for none. */
  readonly under: string;
  /** Stands above everything; "" for none. */
  readonly warning: string;
  readonly notes: readonly string[];
  readonly option: EChartsOption;
  readonly width: number;
  readonly height: number;
  readonly name: string;
}

const EDGE = 10;
const SIDE = 12;
const SMALL = 11;
const MIDDLE = 13;
const LARGE = 16;
const SHARP = 2;

function save(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

/** A text in lines that fit the width, with some room at both sides. */
export function lines(text: string, size: number, width: number): string[] {
  const pen = document.createElement("canvas").getContext("2d");
  if (pen === null) return [text];
  pen.font = `${size}px ${FONT}`;
  const found: string[] = [];
  for (const word of text.split(" ")) {
    const longer = found.length === 0 ? word : `${found.at(-1)} ${word}`;
    if (found.length > 0 && pen.measureText(longer).width <= width - 2 * SIDE) found[found.length - 1] = longer;
    else found.push(word);
  }
  return found;
}

interface Line {
  readonly y: number;
  readonly size: number;
  readonly colour: string;
  readonly text: string;
}

interface Layout {
  readonly top: number;
  readonly height: number;
  readonly texts: readonly Line[];
}

function layout(plate: Plate): Layout {
  const { ink, muted, service } = coloursOf("light");
  const texts: Line[] = [];
  let y = EDGE;
  const write = (text: string, size: number, colour: string) => {
    for (const line of text === "" ? [] : lines(text, size, plate.width)) {
      y += Math.round(size * 1.35);
      texts.push({ y, size, colour, text: line });
    }
  };
  write(plate.warning, MIDDLE, service);
  write(plate.title, LARGE, ink);
  write(plate.under, MIDDLE, muted);
  y += EDGE;
  const top = y;
  y += plate.height;
  for (const note of plate.notes) write(note, SMALL, muted);
  return { top, height: y + EDGE, texts };
}

export function saveSvg(plate: Plate): void {
  const { ground } = coloursOf("light");
  const { top, height, texts } = layout(plate);
  const chart = core.init(null, look("light"), { renderer: "svg", ssr: true, width: plate.width, height: plate.height });
  chart.setOption(plate.option);
  const inner = chart.renderToSVGString().replace("<svg ", `<svg y="${top}" `);
  chart.dispose();
  const { width } = plate;
  const whole = [
    `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`,
    `<rect width="100%" height="100%" fill="${ground}"/>`,
    inner,
    ...texts.map(({ y, size, colour, text }) => `<text x="${SIDE}" y="${y}" font-family="${escaped(FONT)}" font-size="${size}" fill="${colour}">${escaped(text)}</text>`),
    "</svg>",
  ].join("");
  save(new Blob([whole], { type: "image/svg+xml" }), `${plate.name}.svg`);
}

/** A drawing on one canvas, sharp enough for paper. */
export function painted(option: EChartsOption, width: number, height: number): HTMLCanvasElement {
  const chart = core.init(h("div"), look("light"), { renderer: "canvas", width, height, devicePixelRatio: SHARP });
  chart.setOption(option);
  chart.getZr().flush();
  const canvas = chart.renderToCanvas({ pixelRatio: SHARP });
  chart.dispose();
  return canvas;
}

export function savePng(plate: Plate): void {
  const { ground } = coloursOf("light");
  const { top, height, texts } = layout(plate);
  const inner = painted(plate.option, plate.width, plate.height);
  const whole = document.createElement("canvas");
  whole.width = plate.width * SHARP;
  whole.height = height * SHARP;
  const pen = whole.getContext("2d");
  if (pen === null) return;
  pen.scale(SHARP, SHARP);
  pen.fillStyle = ground;
  pen.fillRect(0, 0, plate.width, height);
  pen.drawImage(inner, 0, top, plate.width, plate.height);
  for (const { y, size, colour, text } of texts) {
    pen.font = `${size}px ${FONT}`;
    pen.fillStyle = colour;
    pen.fillText(text, SIDE, y);
  }
  whole.toBlob((blob) => blob !== null && save(blob, `${plate.name}.png`), "image/png");
}
