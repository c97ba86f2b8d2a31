import { readdirSync, readFileSync } from "node:fs";
import ts from "typescript";
import { beforeAll, describe, expect, it } from "vitest";
import { messageOf, optionOf } from "../src/cli/options/settings.js";
import { main } from "../src/cli/program.js";
import { CheckFailedError, InputError } from "../src/errors.js";

/** Where other programs are called or read, by options of theirs that lbscale spells alike. */
const OF_OTHER_PROGRAMS: Readonly<Record<string, readonly string[]>> = {
  "src/cluster-lane/changes/watcher.ts": ["namespace", "kubeconfig", "context"],
  "src/cluster-lane/connection.ts": ["kubeconfig", "context"],
  // kubectl debug, cilium bpf lb list, iptables.
  "src/formats/alternatives.ts": ["profile", "image"],
  "src/formats/cilium/parts.ts": ["source-ranges"],
  "src/formats/iptables/rule.ts": ["mode", "protocol"],
  "src/planes/iptables/rules/handed-rules.ts": ["mode"],
  "src/planes/iptables/rules/rule-text.ts": ["mode"],
  // scripts/cilium-lb.
  "src/kernel/cilium/driver.ts": ["algorithm", "maglev-table-size", "real-maps"],
};
/** kube-proxy's own, which lbscale models by the same name. */
const OF_KUBE_PROXY = ["masquerade-all", "nodeport-addresses", "iptables-localhost-nodeports"];
/** Help texts of options that planes declare for the command line. */
const DECLARE_OPTIONS = /^src\/planes\/.*options\.ts$/;
/** Of nearly every program. */
const COMMON = ["help", "version"];

const OUTSIDE = readdirSync("src", { recursive: true, encoding: "utf8" })
  .map((name) => `src/${name.replaceAll("\\", "/")}`)
  .filter((path) => path.endsWith(".ts") && !path.endsWith(".test.ts") && !path.startsWith("src/cli/"));

async function helpOf(...command: string[]): Promise<string> {
  let text = "";
  await main([...command, "--help"], {
    out: (part) => {
      text += part;
    },
    err: () => undefined,
  });
  return text;
}

/** Names of the options of all commands. */
async function optionNames(): Promise<ReadonlySet<string>> {
  const commands = [...(await helpOf()).matchAll(/^ {2}lbscale ([a-z-]+)/gm)].map(([, name]) => name!);
  const names = new Set<string>();
  for (const command of commands) {
    for (const [, name] of (await helpOf(command)).matchAll(/^ +(?:-\w, )?--([a-z-]+)/gm)) names.add(name!);
  }
  return names;
}

/** Options of lbscale in a text, but for whole commands, which are there to be copied. */
function optionsIn(text: string, known: ReadonlySet<string>): string[] {
  const rest = text.replace(/\blbscale [a-z-]+(?: --[a-z-]+(?: [\w.]+)?)*/g, "");
  return [...rest.matchAll(/(?<![\w-])--([a-z][a-z-]*)/g)].flatMap(([, name = ""]) =>
    known.has(name.replace(/^no-/, "")) && !COMMON.includes(name) ? [name] : [],
  );
}

/** The strings and templates of a source, each as one text. */
function textsIn(path: string, source: string): string[] {
  const texts: string[] = [];
  if (!/--[a-z]/.test(source)) return texts;
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node)) texts.push(node.text);
    if (ts.isTemplateExpression(node))
      texts.push([node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)].join("X"));
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, source, ts.ScriptTarget.Latest, true));
  return texts;
}

describe("messages of the library", () => {
  let known: ReadonlySet<string>;
  beforeAll(async () => {
    known = await optionNames();
  });

  it("are searched for the options of all commands", () => {
    expect([...known]).toEqual(expect.arrayContaining(["services", "node-selector", "pod-range", "clean"]));
    const source = `f(\`choose another --namespace than \${a}\`); g("lbscale run --lane cluster --dry-run prints them"); h("--no-keep");`;
    const found = textsIn("a.ts", source).flatMap((text) => optionsIn(text, known));
    expect(found).toEqual(["namespace", "no-keep"]);
  });

  it("name no option of the command line", () => {
    const named = OUTSIDE.filter((path) => !DECLARE_OPTIONS.test(path)).flatMap((path) => {
      const allowed = [...OF_KUBE_PROXY, ...(OF_OTHER_PROGRAMS[path] ?? [])];
      return textsIn(path, readFileSync(path, "utf8"))
        .flatMap((text) => optionsIn(text, known))
        .filter((name) => !allowed.includes(name))
        .map((name) => `${path}: --${name}`);
    });
    expect(named).toEqual([]);
  });

  it("speak of settings that are options of the command line", () => {
    const settings = OUTSIDE.flatMap((path) => settingsIn(path, readFileSync(path, "utf8")));
    expect(settings).toContain("nodeSelector");
    expect(settings.filter((setting) => !known.has(optionOf(setting).slice(2)))).toEqual([]);
  });
});

describe("the command line", () => {
  it("adds the options of an error's settings to its message", () => {
    expect(messageOf(new InputError("take others", ["nodeSelector", "durationSeconds"]))).toBe(
      "take others (--node-selector, --duration)",
    );
    expect(messageOf(new CheckFailedError("too slow"))).toBe("too slow");
    expect(messageOf("no error")).toBe("no error");
  });
});

/** Settings that errors are made with: the array of strings in their second place, where a malformed message has words. */
function settingsIn(path: string, source: string): string[] {
  const settings: string[] = [];
  if (!source.includes("Error(")) return settings;
  const visit = (node: ts.Node): void => {
    const second = ts.isNewExpression(node) ? node.arguments?.[1] : undefined;
    if (
      ts.isNewExpression(node) &&
      /(?<!^MalformedMessage)Error$/.test(node.expression.getText()) &&
      second
    ) {
      const collect = (part: ts.Node): void => {
        if (ts.isStringLiteral(part)) settings.push(part.text);
        ts.forEachChild(part, collect);
      };
      collect(second);
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, source, ts.ScriptTarget.Latest, true));
  return settings;
}
