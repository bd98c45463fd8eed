import { fresh, h } from "../dom";
import type { Context } from "../page";

export interface SliderSpec {
  readonly label: string;
  readonly values: readonly number[];
  readonly value: number;
  readonly onChange: (value: number) => void;
  /** With a button that walks through the values. */
  readonly play?: boolean;
}

const STEP = 900;

/** A native range over the values (years, say), with the value written beside it; hidden where there is one value at most. */
export function slider(ctx: Pick<Context, "t" | "left">, spec: SliderSpec) {
  const id = fresh("slider");
  let values = spec.values;
  let timer: ReturnType<typeof setInterval> | undefined;
  const output = h("output", { for: id });
  const input = h("input", { id, type: "range", min: 0, step: 1, oninput: () => (stop(), chosen()) });
  const button = h("button", { type: "button", onclick: () => (timer === undefined ? play() : stop()) }, ctx.t("slider.play"));

  const say = () => {
    const value = String(values[Number(input.value)] ?? "");
    output.value = value;
    input.setAttribute("aria-valuetext", value);
  };
  const chosen = () => {
    say();
    const value = values[Number(input.value)];
    if (value !== undefined) spec.onChange(value);
  };
  const stop = () => {
    clearInterval(timer);
    timer = undefined;
    button.textContent = ctx.t("slider.play");
  };
  const step = () => {
    if (Number(input.value) >= values.length - 1) return stop();
    input.value = String(Number(input.value) + 1);
    chosen();
  };
  const play = () => {
    if (Number(input.value) >= values.length - 1) input.value = "0";
    chosen();
    timer = setInterval(step, STEP);
    button.textContent = ctx.t("slider.stop");
  };
  const set = (value: number, more?: readonly number[]) => {
    if (more !== undefined) {
      values = more;
      input.max = String(Math.max(0, more.length - 1));
      element.hidden = more.length < 2;
    }
    input.value = String(Math.max(0, values.indexOf(value)));
    say();
  };
  const element = h("div", { class: "field slider" }, h("label", { for: id }, spec.label), h("span", { class: "range" }, input, output, spec.play ? button : null));
  set(spec.value, spec.values);
  ctx.left.addEventListener("abort", stop);
  return { element, set };
}
