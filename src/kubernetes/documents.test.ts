import { describe, expect, it } from "vitest";
import { InvalidInputError } from "../errors.js";
import { readObjects } from "./documents.js";

function kindsOf(text: string): string[] {
  return readObjects(text).map(({ kind }) => kind);
}

function problemOf(text: string): string {
  try {
    readObjects(text);
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidInputError);
    return (error as InvalidInputError).message;
  }
  return "accepted";
}

/** A document whose last alias stands for `width ** depth` values. */
function laughs(depth: number, width: number, use: (aliases: string) => string): string {
  const levels = Array.from({ length: depth }, (_, i) => {
    const aliases = Array(width).fill(`*a${i}`).join(", ");
    return `a${i + 1}: &a${i + 1} ${use(aliases)}`;
  });
  return ["kind: Service", "a0: &a0 {x: lol}", ...levels].join("\n");
}

describe("readObjects", () => {
  it.each([
    [
      "YAML documents without --- between them",
      "kind: A\nname: a\nkind: B\nname: b\n",
      /key "kind" is given twice.*line 3.*---/,
    ],
    [
      "a key twice in an inner map",
      "kind: A\nspec:\n  ports: []\n  ports: [1]\n",
      /key "ports" is given twice/,
    ],
    ["a list without its last lines", "apiVersion: v1\nitems:\n- kind: A\n", /cut off: kind: List/],
  ])("refuses %s", (_what, text, message) => {
    expect(problemOf(text)).toMatch(message);
  });

  it.each([
    ["on lines", '{"kind":"A","x":"}{"}\n{"kind":"B"}\n'],
    ["with nothing between", '{"kind":"A"}{"kind":"B"}'],
    ["with --- between", '{"kind":"A"}\n---\n{"kind":"B"}'],
  ])("reads JSON documents one after another, %s", (_how, text) => {
    expect(kindsOf(text)).toEqual(["A", "B"]);
  });

  it("reads YAML documents in order, and skips what is no Kubernetes object", () => {
    expect(kindsOf("kind: A\n---\n# nothing\n---\nkind: B\n---\n- 1\n---\nname: x\n")).toEqual(["A", "B"]);
  });

  it("reads JSON, alone, as a list, and as documents", () => {
    expect(kindsOf('{"kind":"A"}')).toEqual(["A"]);
    expect(kindsOf('[{"kind":"A"},{"kind":"B"}]')).toEqual(["A", "B"]);
    expect(kindsOf('{"kind":"A"}\n---\n{"kind":"B"}')).toEqual(["A", "B"]);
  });

  it("opens Lists, and Lists in Lists", () => {
    expect(kindsOf('{"kind":"List","items":[{"kind":"A"},{"kind":"List","items":[{"kind":"B"}]}]}')).toEqual([
      "A",
      "B",
    ]);
  });

  it("gives the items of a typed list the kind and version that the API leaves out", () => {
    const list = { kind: "ServiceList", apiVersion: "v1", items: [{ metadata: { name: "a" } }] };
    expect(readObjects(JSON.stringify(list))).toEqual([
      { kind: "Service", apiVersion: "v1", metadata: { name: "a" } },
    ]);
  });

  it("follows anchors, aliases and merge keys, as kubectl does", () => {
    const [, b] = readObjects("kind: A\nx: &x {k: 1}\n---\nkind: B\nx: &x {k: 1}\ny: {<<: *x, l: 2}\n");
    expect(b).toMatchObject({ y: { k: 1, l: 2 } });
  });

  it.each([
    ["nothing", "", /^the input is empty/],
    ["white space", "\n \n", /^the input is empty/],
    ["a binary", "\u007fELF\0\0", /^the input is binary or UTF-16/],
    ["prose", "hello, world", /holds no Kubernetes object/],
    ["other YAML", "name: CI\non: push\n", /holds no Kubernetes object/],
    ["an empty List", "kind: List\nitems: []\n", /list is empty, kubectl found nothing/],
    ["broken YAML", "kind: Service\nspec: [a\n", /cut off: line 3, column 1: Flow sequence/],
    ["broken JSON", '{"kind": "Service", "spec": {', /not valid YAML or JSON, or cut off: line 1/],
    [
      "a Helm template",
      "kind: Service\nname: {{ .Values.name }}-x\n",
      /not valid YAML or JSON, or cut off: line 2/,
    ],
    ["an alias without its anchor", "kind: *x", /^the input is not valid YAML: Unresolved alias/],
    ["endless nesting", `kind: ${"[".repeat(20_000)}`, /nested too deep/],
    ["endless nesting in JSON", `${"[".repeat(20_000)}${"]".repeat(20_000)}`, /holds no Kubernetes object/],
  ])("refuses %s in one line", (_what, text, message) => {
    expect(problemOf(text)).toMatch(message);
  });

  it.each([
    ["aliases", laughs(9, 9, (aliases) => `[${aliases}]`)],
    ["merge keys", laughs(9, 9, (aliases) => `{<<: [${aliases}]}`)],
    ["merge keys of YAML 1.1", `%YAML 1.1\n---\n${laughs(9, 9, (aliases) => `{<<: [${aliases}]}`)}`],
  ])("stops a billion laughs of %s", (_what, text) => {
    expect(problemOf(text)).toMatch(/Excessive alias count/);
  });

  it("stops where aliases are too many to resolve, and takes stars in text for what they are", () => {
    const many = (of: (i: number) => string) =>
      `kind: A\nx:\n${Array.from({ length: 1_001 }, (_, i) => of(i)).join("\n")}`;
    expect(problemOf(many((i) => `- &a${i} 1\n- *a${i}`))).toMatch(/more than 1000 YAML aliases/);
    expect(kindsOf(many(() => "- |\n  *a\n- '*a'"))).toEqual(["A"]);
  });

  it("reads a map of many keys in linear time, and finds one that is there twice", () => {
    const keys = Array.from({ length: 20_000 }, (_, i) => `k${i}: ${i}`).join("\n");
    expect(readObjects(`kind: A\n${keys}\n`)[0]).toMatchObject({ k0: 0, k19999: 19_999 });
    expect(problemOf(`kind: A\n${keys}\nk0: last\n`)).toMatch(/"k0" is given twice/);
  });

  it("changes no prototype", () => {
    for (const text of [
      "kind: A\n__proto__: {polluted: 1}\n",
      '{"kind":"List","items":[{"kind":"A","__proto__":{"polluted":1}}]}',
    ]) {
      readObjects(text);
      expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    }
  });
});
