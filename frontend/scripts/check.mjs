/** What a type checker does not see: no way into markup or inline code, licence notices, the size of the first view. */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const BUDGET_BYTES = 90 * 1024;
const FORBIDDEN = [
  [/\b(inner|outer)HTML\b|insertAdjacentHTML|document\.write|createContextualFragment|DOMParser|srcdoc/, "parses markup"],
  [/\beval\s*\(|new Function\b|setTimeout\(\s*["'`]/, "runs text as code"],
  [/\.setAttribute\(\s*["'](style|on\w+)["']|cssText|\son\w+=|\sstyle="/, "inline style or handler"],
  [/(?:https?:)?\/\/(?!www\.w3\.org\/2000\/svg|json-schema\.org)[a-z0-9-]+\.[a-z]{2,}/i, "names another host"],
  [/console\.\w+\(/, "logs to the console"],
];

const files = (folder) =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? files(join(folder, entry.name)) : [join(folder, entry.name)],
  );

const problems = [];
for (const path of [...files("src"), ...files("public"), "index.html"]) {
  readFileSync(path, "utf8").split("\n").forEach((line, index) => {
    for (const [pattern, why] of FORBIDDEN) if (pattern.test(line)) problems.push(`${path}:${index + 1} ${why}`);
  });
}

const notices = readFileSync("public/licences.txt", "utf8").toLowerCase();
for (const name of Object.keys(JSON.parse(readFileSync("package.json", "utf8")).dependencies)) {
  if (!notices.includes(name.toLowerCase())) problems.push(`public/licences.txt does not name ${name}, which the page ships`);
}

if (existsSync("dist/index.html")) {
  const sizes = files("dist").map((path) => [path, gzipSync(readFileSync(path), { level: 9 }).length]);
  const total = sizes.reduce((sum, [, size]) => sum + size, 0);
  if (total > BUDGET_BYTES) problems.push(`the first view is ${total} bytes gzipped, more than ${BUDGET_BYTES}: ${sizes.join("; ")}`);
  if (!process.env.npm_config_loglevel?.includes("silent")) process.stdout.write(`first view: ${total} bytes gzipped\n`);
}

if (problems.length) {
  process.stderr.write(problems.join("\n") + "\n");
  process.exit(1);
}
