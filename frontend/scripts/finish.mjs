// After `vite build`: licences, compressed twins and the list of what was built from what.
import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { extname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const home = fileURLToPath(new URL("..", import.meta.url));
const bundle = process.env.SERVIO_BUNDLE ?? join(home, "../src/servio/web/bundle");
const SHIPPED = ["d3-array", "d3-geo", "echarts", "i18n-iso-countries", "internmap", "topojson-client", "tslib", "world-atlas", "zrender"];
const PERMISSIVE = new Set(["MIT", "ISC", "Apache-2.0", "BSD-3-Clause", "0BSD"]);
const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".json": "application/json",
  ".txt": "text/plain; charset=utf-8",
};

const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

function files(folder) {
  return readdirSync(folder)
    .flatMap((name) => {
      const path = join(folder, name);
      return statSync(path).isDirectory() ? files(path) : [path];
    })
    .sort();
}

const named = (root, path) => relative(root, path).split(sep).join("/");

function licences() {
  const parts = SHIPPED.map((name) => {
    const folder = join(home, "node_modules", name);
    const { version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    if (!PERMISSIVE.has(license)) throw new Error(`${name} ${version}: licence ${license}`);
    const texts = readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isFile() && /^(licen[cs]e|notice|copyrightnotice)/i.test(entry.name))
      .map((entry) => entry.name)
      .sort();
    if (texts.length === 0) throw new Error(`${name} ${version}: no licence text`);
    return [`${name} ${version} (${license})`, ...texts.map((file) => readFileSync(join(folder, file), "utf8").trim())].join("\n\n");
  });
  return [
    "Parts of this page that others wrote, with their licences.",
    "Map shapes: Natural Earth, public domain, through world-atlas.",
    ...parts,
  ].join(`\n\n${"-".repeat(78)}\n\n`) + "\n";
}

function sources() {
  const single = [".npmrc", "index.html", "package-lock.json", "package.json", "tsconfig.json", "vite.config.ts"];
  const all = [...single.map((name) => join(home, name)), ...files(join(home, "scripts")), ...files(join(home, "src"))];
  const lines = all.map((path) => [named(home, path), sha256(readFileSync(path))]);
  lines.sort((a, b) => (a[0] < b[0] ? -1 : 1));
  return sha256(lines.map(([name, hash]) => `${name} ${hash}\n`).join(""));
}

function compress(path) {
  const bytes = gzipSync(readFileSync(path), { level: 9 });
  bytes[9] = 255;
  writeFileSync(`${path}.gz`, bytes);
}

if (!existsSync(join(bundle, "index.html"))) throw new Error("vite build has written no page");
writeFileSync(join(bundle, "LICENSES.txt"), licences());
const listed = {};
for (const path of files(bundle)) {
  const type = TYPES[extname(path)];
  if (type === undefined) throw new Error(`${named(bundle, path)}: no content type for this ending`);
  compress(path);
  listed[named(bundle, path)] = { sha256: sha256(readFileSync(path)), type };
}
writeFileSync(join(bundle, "manifest.json"), JSON.stringify({ sources_sha256: sources(), files: listed }, null, 1) + "\n");
