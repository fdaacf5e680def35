// Bundles the page into the folder given: workers first, because the page carries their hashed names.
import { build } from "esbuild";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { notices } from "./notices.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const [out] = process.argv.slice(2);
const statics = join(out, "static");
mkdirSync(statics, { recursive: true });

const common = {
  absWorkingDir: here,
  outdir: statics,
  bundle: true,
  minify: true,
  metafile: true,
  sourcemap: false,
  legalComments: "none", // NOTICES.txt has them all
  charset: "utf8",
  target: ["es2022"],
  define: { "process.env.NODE_ENV": '"production"' },
  loader: { ".ttf": "file" },
  entryNames: "[name]-[hash]",
  chunkNames: "chunk-[hash]",
  assetNames: "[name]-[hash]",
  logLevel: "warning",
};

const virtual = (modules) => ({
  name: "virtual",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^virtual:/ }, ({ path }) => ({ path, namespace: "virtual" }));
    onLoad({ filter: /.*/, namespace: "virtual" }, ({ path }) => ({ contents: modules[path], loader: "js" }));
  },
});

const replaced = {
  name: "replaced",
  setup({ onResolve }) {
    onResolve({ filter: /\/edcore\.main(\.js)?$/ }, () => ({ path: join(here, "monaco.js") }));
    onResolve({ filter: /\/image-preview\.js$/ }, () => ({ path: join(here, "no-image-preview.js") }));
  },
};

const outputs = ({ metafile }, entry) =>
  Object.entries(metafile.outputs)
    .filter(([, output]) => output.entryPoint === entry)
    .map(([path, output]) => ({ js: basename(path), css: output.cssBundle && basename(output.cssBundle) }))[0];

const workerBuild = await build({ ...common, entryPoints: ["worker.js"], format: "iife" });

const folder = join(here, "..", "examples");
const examples = readdirSync(folder)
  .filter((file) => file.endsWith(".graphql"))
  .sort((one, other) => parseInt(one) - parseInt(other)) // their names begin with the place of their tab
  .map((file) => ({
    query: readFileSync(join(folder, file), "utf8"),
    ...JSON.parse(readFileSync(join(folder, file.replace(/graphql$/, "json")), "utf8")),
  }));

const pageBuild = await build({
  ...common,
  entryPoints: ["main.jsx"],
  format: "esm",
  splitting: true,
  jsx: "automatic",
  // GraphiQL asks for Prettier's parsers by their old names, which lead to UMD files that export nothing to a bundler.
  alias: { "prettier/parser-babel": "prettier/plugins/babel", "prettier/parser-graphql": "prettier/plugins/graphql" },
  plugins: [
    replaced,
    virtual({
      "virtual:examples": `export const examples = ${JSON.stringify(examples)};`,
      "virtual:worker": `export const worker = ${JSON.stringify(outputs(workerBuild, "worker.js").js)};`,
    }),
  ],
});

const main = outputs(pageBuild, "main.jsx");
const html = readFileSync(join(here, "index.html"), "utf8");
writeFileSync(join(out, "index.html"), html.replace("{{main.js}}", main.js).replace("{{main.css}}", main.css));
const metafiles = [workerBuild.metafile, pageBuild.metafile];
writeFileSync(join(statics, "NOTICES.txt"), notices(here, metafiles));

// The page loads one style sheet; esbuild also leaves the parts of it that go with lazily loaded scripts.
for (const file of readdirSync(statics)) if (file.endsWith(".css") && file !== main.css) rmSync(join(statics, file));
