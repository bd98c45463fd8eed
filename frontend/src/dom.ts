/** Elements without markup strings: text stays text whatever a label holds. */

export type Child = Node | string | number | null | undefined | false | Child[];
type Value = string | number | boolean | null | undefined | EventListener;
export type Attributes = Record<string, Value>;

const SVG = "http://www.w3.org/2000/svg";

function fill(element: Element, children: Child[]): void {
  for (const child of children) {
    if (Array.isArray(child)) fill(element, child);
    else if (child instanceof Node) element.append(child);
    else if (child !== null && child !== undefined && child !== false) element.append(String(child));
  }
}

/** `onclick` and the like listen; `true` sets a bare attribute; null, undefined and false set none. */
function dress(element: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (name === "style") throw new Error("a style attribute is refused by the page's policy");
    else if (value === true) element.setAttribute(name, "");
    else if (value !== null && value !== undefined && value !== false)
      element.setAttribute(name, String(value));
  }
}

export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  dress(element, attributes);
  fill(element, children);
  return element;
}

export function svg(tag: string, attributes: Attributes = {}, ...children: Child[]): SVGElement {
  const element = document.createElementNS(SVG, tag) as SVGElement;
  dress(element, attributes);
  fill(element, children);
  return element;
}

const releases = new WeakMap<Element, () => void>();

/** `free` is called when the element is taken off the page by `replace` or `release`. */
export function onRelease(element: Element, free: () => void): void {
  element.setAttribute("data-held", "");
  releases.set(element, free);
}

/** Frees what the descendants of the element hold (charts, observers). */
export function release(element: Element): void {
  for (const held of element.querySelectorAll("[data-held]")) {
    releases.get(held)?.();
    releases.delete(held);
  }
}

/** Puts the children in the place of whatever the element held. */
export function replace(element: Element, ...children: Child[]): void {
  release(element);
  element.replaceChildren();
  fill(element, children);
}

let count = 0;

/** An id no other element of this page has. */
export function fresh(stem: string): string {
  count += 1;
  return `${stem}-${count}`;
}
