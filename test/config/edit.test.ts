/** @file Edits of the leaf file: the least change, comments and spelling kept, bases untouched, every other value as before. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ConfigEdit, editConfig } from "../../src/config/edit.ts";
import { clone, equal, toNode, withValue } from "../../src/config/edit-value.ts";
import { readChain } from "../../src/config/merge.ts";
import { get, type MapNode, type Node } from "../../src/config/node.ts";
import { readYaml } from "../../src/config/read-yaml.ts";
import type { ConfigValue } from "../../src/config/types.ts";
import { writeEntry, writeNumber, writeText } from "../../src/config/write-yaml.ts";
import { canonical, filesOf, hasPaddleseg, paddleseg, paddlesegConfigs, readText, userError } from "./support.ts";

const base = `batch_size: 4 # four
train_dataset:
  type: Cityscapes
  transforms:
    - type: ResizeStepScaling
      min_scale_factor: 0.5
    - type: RandomPaddingCrop
      crop_size: [1024, 512]
optimizer:
  weight_decay: 4.0e-5
lr_scheduler: {learning_rate: 0.01, end_lr: 1.0e-5}
loss:
  types:
    - type: Ohem
      min_kept: 100
  coef: [1, 1]
`;

const edit = (path: string, value: ConfigValue): ConfigEdit => ({ path: path.split("."), value });

/** The leaf after edits, with `base.yml` beside it. */
function edited(leaf: string, edits: readonly ConfigEdit[], outFile = "c/x.yml"): string {
  return editConfig({ file: "c/x.yml", outFile }, leaf, edits, filesOf({ "c/base.yml": base }));
}

describe("values that the leaf sets", () => {
  it("change in their place, the rest stays to the letter", () => {
    const leaf = "# top\nbatch_size:   4   # mine\nlr: {a: 1.0e-5,b: 1e-5} \n\niters: 1_000\n";
    expect(edited(leaf, [edit("batch_size", 2)])).toBe(leaf.replace("4   #", "2   #"));
    expect(edited(leaf, [edit("lr.a", 2)])).toBe(leaf.replace("1.0e-5,", "2.0,"));
    expect(edited(leaf, [edit("iters", 2000)])).toBe(leaf.replace("1_000", "2000"));
  });

  it("change item by item in a list of the same length", () => {
    expect(edited("crop: [ 1024,  512 ] # c\n", [edit("crop", [512, 512])])).toBe("crop: [ 512,  512 ] # c\n");
    expect(edited("crop:\n  - 1024\n  - 512 # h\n", [edit("crop", [1024, 256])])).toBe(
      "crop:\n  - 1024\n  - 256 # h\n",
    );
    expect(edited("crop: [1, 2]\na: 1\n", [edit("crop", [1])])).toBe("crop: [1]\na: 1\n");
  });

  it("change where a later duplicate key wins", () => {
    expect(edited("a: 1\na: 2\n", [edit("a", 3)])).toBe("a: 1\na: 3\n");
  });

  it("keep CRLF line ends, a missing last line end, quotes of others", () => {
    expect(edited("a: 1\r\nb: 'x'\r\n", [edit("a", 2), edit("c", 3)])).toBe("a: 2\r\nb: 'x'\r\nc: 3\r\n");
    expect(edited("a: 1", [edit("a", 2), edit("c", { d: 1 })])).toBe("a: 2\n\nc:\n  d: 1\n");
  });

  it("fill an empty value", () => {
    expect(edited("a:\nb: 1\n", [edit("a", 2)])).toBe("a: 2\nb: 1\n");
  });
});

describe("values that a base sets", () => {
  const leaf = "_base_: base.yml # the base\n\nmodel:\n  type: X\n";

  it("are overridden in the leaf, beside _base_", () => {
    expect(edited(leaf, [edit("batch_size", 2)])).toBe(
      "_base_: base.yml # the base\n\nbatch_size: 2\n\nmodel:\n  type: X\n",
    );
  });

  it("keep floats floats", () => {
    expect(edited(leaf, [edit("lr_scheduler.learning_rate", 1)])).toBe(
      `${leaf}\nlr_scheduler:\n  learning_rate: 1.0\n`,
    );
  });

  it("are written with their whole list, each number as the base spells it", () => {
    const text = edited(leaf, [edit("train_dataset.transforms.1.crop_size", [512, 256])]);
    expect(text).toBe(
      `${leaf}\ntrain_dataset:\n  transforms:\n    - type: ResizeStepScaling\n      min_scale_factor: 0.5\n    - type: RandomPaddingCrop\n      crop_size: [512, 256]\n`,
    );
  });

  it("go into a mapping that the leaf already has", () => {
    expect(edited(leaf, [edit("model.backbone.stride", 8)])).toBe(`${leaf}  backbone:\n    stride: 8\n`);
    expect(edited("_base_: base.yml\nloss: {coef: [1, 2]}\n", [edit("loss.name", "x y")])).toBe(
      "_base_: base.yml\nloss: {name: x y, coef: [1, 2]}\n".replace("x y", "'x y'"),
    );
    expect(edited("{_base_: base.yml}\n", [edit("batch_size", 1)])).toBe("{batch_size: 1, _base_: base.yml}\n");
  });

  it("repeated losses stay one where all change alike, else are written out", () => {
    const both = [edit("loss.types.0.min_kept", 50), edit("loss.types.1.min_kept", 50)];
    expect(edited(leaf, both)).toBe(`${leaf}\nloss:\n  types:\n    - type: Ohem\n      min_kept: 50\n`);
    const one = edited(leaf, [edit("loss.types.1.min_kept", 50)]);
    expect(one).toBe(
      `${leaf}\nloss:\n  types:\n    - type: Ohem\n      min_kept: 100\n    - type: Ohem\n      min_kept: 50\n`,
    );
  });
});

describe("another folder", () => {
  const out = (leaf: string, outFile: string) =>
    editConfig(
      { file: "c/d/x.yml", outFile },
      leaf,
      [edit("a", 2)],
      filesOf({ "c/base.yml": base, "c/d/b.yml": "z: 1\n" }),
    );

  it("rewrites _base_ so that it still resolves", () => {
    expect(out("_base_: '../base.yml' # b\na: 1\n", "out/y.yml")).toBe("_base_: '../c/base.yml' # b\na: 2\n");
    expect(out('_base_: ["b.yml", ../base.yml]\na: 1\n', "y.yml")).toBe('_base_: ["c/d/b.yml", c/base.yml]\na: 2\n');
    expect(out("_base_:\n  - b.yml\n  - ../base.yml\na: 1\n", "c/y.yml")).toBe(
      "_base_:\n  - d/b.yml\n  - base.yml\na: 2\n",
    );
    expect(out("_base_: ../base.yml\na: 1\n", "c/d/y.yml")).toBe("_base_: ../base.yml\na: 2\n");
  });

  it("is moved without any edit too", () => {
    const files = filesOf({ "c/base.yml": base });
    expect(editConfig({ file: "c/x.yml", outFile: "o/p/x.yml" }, "_base_: base.yml\n", [], files)).toBe(
      "_base_: ../../c/base.yml\n",
    );
  });
});

describe("anchors", () => {
  it("an alias elsewhere keeps its value", () => {
    const leaf = "train: &t {size: 4, n: 1.0e-5}\nval: *t\n";
    const text = edited(leaf, [edit("train.size", 2)]);
    expect(readYaml("x", text).root).toSatisfy(
      (root: MapNode) =>
        canonical(root) === canonical(readYaml("x", "train: {size: 2, n: 1.0e-5}\nval: {size: 4, n: 1.0e-5}\n").root),
    );
    expect(text.startsWith(leaf)).toBe(true);
    expect(edited(leaf, [edit("val.size", 2)])).toBe("train: &t {size: 4, n: 1.0e-5}\nval: {size: 2, n: 1.0e-5}\n");
  });

  it("a merged key is overridden beside its merge", () => {
    expect(edited("a: &a {x: 1}\nb:\n  <<: *a\n  y: 2\n", [edit("b.x", 5)])).toBe(
      "a: &a {x: 1}\nb:\n  <<: *a\n  y: 2\n  x: 5\n",
    );
  });
});

describe("what cannot be edited", () => {
  it.each(["batch_size.x", "train_dataset.transforms.9.crop_size", "train_dataset.transforms.x"])("%s", (path) => {
    const error = userError(() => edited("_base_: base.yml\n", [edit(path, 1)]));
    expect(error.code).toBe("edit-impossible");
  });
});

describe("spelling", () => {
  it.each([
    [1, false, "1"],
    [1, true, "1.0"],
    [1e-7, true, "1.0e-7"],
    [1.5e-7, true, "1.5e-7"],
    [1e21, true, "1.0e+21"],
    [0.00001, true, "0.00001"],
    [Number.POSITIVE_INFINITY, true, ".inf"],
    [-0, true, "-0.0"],
  ])("%d is written %s", (value, float, text) => {
    expect(writeNumber(value, float)).toBe(text);
    expect(canonical(readYaml("x", `a: ${text}\n`).root)).toBe(
      canonical({ kind: "map", entries: new Map([["a", { node: { kind: "scalar", value, float } }]]) }),
    );
  });

  it("texts are read back as texts", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 12 }), (text) => {
        const root = readYaml("x", `a: ${writeText(text)}\nb: [${writeText(text)}, {${writeText(text)}: 1}]\n`).root;
        return (
          get(root, "a")?.kind === "scalar" &&
          canonical(get(root, "a")!) === canonical({ kind: "scalar", value: text, float: false })
        );
      }),
    );
    for (const word of [
      "yes",
      "1e-5",
      "1.0e-5",
      "null",
      "~",
      "0x1F",
      "a: b",
      "a #b",
      "",
      " a",
      "-",
      "<<",
      "=",
      "1:30",
      "{a}",
      "*a",
      "'",
      '"',
      "\n",
      "\u2028",
    ]) {
      expect(canonical(get(readYaml("x", `a: ${writeText(word)}\n`).root, "a")!)).toBe(
        canonical({ kind: "scalar", value: word, float: false }),
      );
    }
  });
});

/** Random values, mappings with few keys, so that bases, leaves and edits meet. */
const key = fc.constantFrom("a", "b", "c", "type", "yes", "0");
const leafValue: fc.Arbitrary<ConfigValue> = fc.oneof(
  fc.integer({ min: -9, max: 9 }),
  fc.constantFrom<ConfigValue>(1.5, 1e-7, "x", "1e-5", "a: b", "", true, null),
  fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 3 }),
);
const { tree } = fc.letrec<{ tree: ConfigValue; map: ConfigValue }>((tie) => ({
  tree: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    leafValue,
    tie("map"),
    fc.array(fc.oneof(leafValue, tie("map")), { maxLength: 3 }),
  ),
  map: fc.dictionary(key, tie("tree"), { maxKeys: 4 }),
}));
const rootValue = fc.dictionary(key, tree, { minKeys: 1, maxKeys: 4, noNullPrototype: true });

/** A mapping as block or flow YAML with a comment at each root key. */
function toText(value: { readonly [key: string]: ConfigValue }, flow: boolean): string {
  if (flow)
    return Object.entries(value)
      .map(([name, item]) => `${writeText(name)}: ${JSON.stringify(item).replaceAll("1e-7", "1.0e-7")} # ${name}\n`)
      .join("");
  return Object.entries(value)
    .map(([name, item]) => `# ${name}\n${writeEntry(name, { node: toNode(item, undefined) }, "", "\n")}\n`)
    .join("\n");
}

/** All paths of a value. */
function pathsOf(node: Node, path: readonly string[] = []): readonly (readonly string[])[] {
  const inside =
    node.kind === "map"
      ? [...node.entries]
      : node.kind === "seq"
        ? node.items.map((slot, i) => [String(i), slot] as const)
        : [];
  return [...(path.length > 0 ? [path] : []), ...inside.flatMap(([name, slot]) => pathsOf(slot.node, [...path, name]))];
}

describe("random edits", () => {
  it("change what they name and nothing else", () => {
    fc.assert(
      fc.property(
        rootValue,
        rootValue,
        fc.boolean(),
        fc.array(fc.tuple(fc.nat(), leafValue), { minLength: 1, maxLength: 4 }),
        fc.boolean(),
        (below, above, flow, picks, moved) => {
          const leaf = `_base_: base.yml\n${toText(above, flow)}`;
          const files = filesOf({ "c/base.yml": toText(below, !flow), "c/x.yml": leaf });
          let before: MapNode;
          try {
            before = clone(readChain("c/x.yml", files));
          } catch {
            return;
          }
          const paths = pathsOf(before);
          let wanted = before;
          // An edit that loses its place by an earlier one is left out.
          const list = picks.flatMap(([n, value]): readonly ConfigEdit[] => {
            const path = paths[n % paths.length] ?? ["a"];
            const old = path.reduce<Node | undefined>(get, wanted);
            const next = old === undefined ? undefined : withValue(wanted, path, toNode(value, old));
            if (next === undefined) return [];
            wanted = next;
            return [{ path, value }];
          });
          const outFile = moved ? "o/p/x.yml" : "c/x.yml";
          const text = editConfig({ file: "c/x.yml", outFile }, leaf, list, files);
          const after = readChain(outFile, { readText: (path) => (path === outFile ? text : files.readText(path)) });
          expect(equal(after, wanted)).toBe(true);
          for (const line of leaf.split("\n").filter((l) => l.startsWith("#"))) expect(text).toContain(line);
        },
      ),
      { numRuns: 400 },
    );
  }, 60_000);
});

describe.skipIf(!hasPaddleseg)("PaddleSeg's configs (../shared/reference must be there)", () => {
  it("take a batch size and a crop, moved to another folder", () => {
    const names = paddlesegConfigs().filter((_, index) => index % 8 === 0);
    for (const name of names) {
      const file = `${paddleseg}/${name}`;
      const before = readChain(file, { readText });
      const transforms = get(get(before, "train_dataset"), "transforms");
      const crop =
        transforms?.kind === "seq"
          ? transforms.items.findIndex((slot) => get(slot.node, "crop_size") !== undefined)
          : -1;
      const edits = [
        edit("batch_size", 1),
        ...(crop < 0 ? [] : [edit(`train_dataset.transforms.${crop}.crop_size`, [64, 32])]),
      ];
      const outFile = `${paddleseg}/../out/deep/x.yml`;
      const text = editConfig({ file, outFile }, readText(file), edits, { readText });
      const after = readChain(outFile, { readText: (path) => (path === outFile ? text : readText(path)) });
      const wanted = edits.reduce(
        (root, { path, value }) => withValue(root, path, toNode(value, undefined)) ?? root,
        before,
      );
      expect(equal(after, wanted), name).toBe(true);
      const kept = readText(file)
        .split("\n")
        .filter((line) => !text.split("\n").includes(line));
      expect(kept.length, name).toBeLessThanOrEqual(3);
    }
  });
});
