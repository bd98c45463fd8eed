/// <reference types="vite/client" />

declare module "virtual:world" {
  import type { GeometryCollection, Topology } from "topojson-specification";
  import type { Words } from "./types";

  export const topology: Topology<{ countries: GeometryCollection<{ name: string }> }>;
  export const points: readonly { readonly id: string; readonly at: readonly [number, number] }[];
  /** Numeric ISO codes by alpha-3 codes. */
  export const numeric: Readonly<Record<string, string>>;
  export const names: Readonly<Record<string, Words>>;
}
