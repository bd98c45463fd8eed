/** Which number the panel explains: what is pointed at, else the one taken apart, else the measure. */

import type { Context } from "../../page";
import { about, type Point } from "../../parts/about";
import type { About } from "../../types";

interface Number {
  readonly about: About;
  readonly point: Point | null;
}

/** What is chosen stays whatever answer comes first; what is pointed at is left when the pointer goes. */
export class Explained {
  readonly #panel;
  #shown: About | null = null;
  #measure: About | null = null;
  #chosen: Number | null = null;
  #open = false;

  constructor(ctx: Context) {
    this.#panel = about(ctx);
  }

  get element(): HTMLElement {
    return this.#panel.element;
  }

  /** The measure the views are of. */
  measure(facts: About): void {
    this.#measure = facts;
    if (!this.#open) this.#rest();
  }

  /** One number is asked for, and explained once its answer is here. */
  open(): void {
    this.#open = true;
  }

  choose(number: Number): void {
    this.#chosen = number;
    this.#rest();
  }

  close(): void {
    this.#open = false;
    this.#chosen = null;
    this.#rest();
  }

  /** Without a number of its own: of the measure. */
  point(one: Point | null, facts = this.#measure): void {
    if (one === null && this.#chosen !== null) return this.#rest();
    if (one !== null) this.#show(facts);
    this.#panel.point(one);
  }

  #rest(): void {
    this.#show(this.#chosen?.about ?? this.#measure);
    this.#panel.point(this.#chosen?.point ?? null);
  }

  #show(facts: About | null): void {
    if (facts === null || facts === this.#shown) return;
    this.#shown = facts;
    this.#panel.show(facts);
  }
}
