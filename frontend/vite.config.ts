import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { geoArea, geoCentroid } from "d3-geo";
import { feature } from "topojson-client";
import type { GeometryCollection, Topology } from "topojson-specification";
import { defineConfig, type Plugin } from "vite";

const load = createRequire(import.meta.url);

function read(name: string): Topology {
  return JSON.parse(readFileSync(load.resolve(`world-atlas/${name}.json`), "utf8")) as Topology;
}

function collection(world: Topology) {
  return feature(world, world.objects["countries"] as GeometryCollection<{ name: string }>);
}

/** Countries of the finer map that the coarse one leaves out: one point each. */
function points(coarse: Topology): { id: string; at: [number, number] }[] {
  const known = new Set(collection(coarse).features.map((one) => String(one.id)));
  return collection(read("countries-50m"))
    .features.filter((one) => one.id !== undefined && !known.has(String(one.id)))
    .filter((one) => geoArea(one) > 0)
    .map((one) => {
      const [lon, lat] = geoCentroid(one);
      return { id: String(one.id), at: [Number(lon.toFixed(2)), Number(lat.toFixed(2))] };
    });
}

const codes = load("i18n-iso-countries/codes.json") as [string, string, string, string][];

/** Numeric codes, which the map has, by the three letters, which tables have (Romania was ROM to 2002, and is in WIOD 2013). */
function numeric(): Record<string, string> {
  const all = Object.fromEntries(codes.map(([, alpha3, number]) => [alpha3, number] as const).sort());
  return { ...all, ROM: all["ROU"] ?? "" };
}

/** Country names by numeric code, in the languages of the page. */
function names(): Record<string, { en: string; ko: string }> {
  const table = (lang: string) =>
    (load(`i18n-iso-countries/langs/${lang}.json`) as { countries: Record<string, string | string[]> })
      .countries;
  const first = (name: string | string[] | undefined, code: string) =>
    (Array.isArray(name) ? name[0] : name) ?? code;
  const [en, ko] = [table("en"), table("ko")];
  return Object.fromEntries(
    codes
      .map(([alpha2, , number]) => [number, { en: first(en[alpha2], alpha2), ko: first(ko[alpha2], alpha2) }] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

function world(): Plugin {
  const id = "virtual:world";
  return {
    name: "servio-world",
    resolveId: (source) => (source === id ? `\0${id}` : null),
    load(source) {
      if (source !== `\0${id}`) return null;
      const coarse = read("countries-110m");
      return [
        `export const topology = JSON.parse(${JSON.stringify(JSON.stringify(coarse))});`,
        `export const points = ${JSON.stringify(points(coarse))};`,
        `export const numeric = ${JSON.stringify(numeric())};`,
        `export const names = ${JSON.stringify(names())};`,
      ].join("\n");
    },
  };
}

export default defineConfig({
  base: "./",
  plugins: [world()],
  build: {
    outDir: process.env["SERVIO_BUNDLE"] ?? "../src/servio/web/bundle",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    cssCodeSplit: false,
    sourcemap: false,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 900,
  },
});
