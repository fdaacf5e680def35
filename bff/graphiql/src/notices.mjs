// NOTICES.txt: each package that has bytes in the bundle, with its version, licence and licence text.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

const LICENCE_FILE = /^(licen[cs]e|copying|notice|third-?party-?notices?)(\W.*)?$/i;

// Published without a licence file: the text is that of another package of the same authors and the same licence.
const SAME_AS = {
  "@graphiql/plugin-doc-explorer": "graphiql",
  "@graphiql/plugin-history": "graphiql",
  "react-compiler-runtime": "react",
  "react-remove-scroll-bar": "react-remove-scroll",
};

function packageOf(root, input) {
  for (let folder = dirname(join(root, input)); folder !== root; folder = dirname(folder)) {
    const file = join(folder, "package.json");
    if (!existsSync(file)) continue;
    const { name, version, license } = JSON.parse(readFileSync(file, "utf8"));
    if (name && version) return { name, version, license, folder };
  }
  throw new Error(`no package owns ${input}`);
}

function licenceText(root, { name, folder }) {
  const from = SAME_AS[name] ? join(root, "node_modules", SAME_AS[name]) : folder;
  const files = readdirSync(from).filter((file) => LICENCE_FILE.test(file)).sort();
  if (files.length === 0) throw new Error(`${name} has no licence file: find its text and name it in SAME_AS`);
  const texts = files.map((file) => readFileSync(join(from, file), "utf8").replaceAll("\r\n", "\n").trim());
  const note = SAME_AS[name] ? [`Published without a licence file; the text of ${SAME_AS[name]}, by the same authors:`] : [];
  return [...note, ...texts].join("\n\n");
}

export function notices(root, metafiles) {
  const bundled = metafiles
    .flatMap(({ outputs }) => Object.values(outputs))
    .flatMap(({ inputs }) => Object.entries(inputs))
    .filter(([path, { bytesInOutput }]) => bytesInOutput > 0 && path.includes("node_modules/"))
    .map(([path]) => packageOf(root, path.replace(/^.*:/, "")));
  const packages = new Map(bundled.map((each) => [`${each.name} ${each.version}`, each]));
  const sections = [...packages.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([title, each]) => `${title} (${each.license})\n\n${licenceText(root, each)}\n`);
  const rule = `\n${"=".repeat(100)}\n\n`;
  return ["The files beside this one are made of these packages.\n", ...sections].join(rule);
}
