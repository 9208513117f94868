/** @file A pull request on PaddleSeg's own configs that edits the base they share: the heirs whose crop it changes, and no other. */
import { cpSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { filesIn } from "../../../src/cli/host.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { checkSchema } from "../../../src/report/schema.ts";
import { vramPlan } from "../support.ts";
import { createRepository, remove } from "./repository.ts";

const configs = join(import.meta.dirname, "../../../../shared/reference/PaddleSeg/configs");
const isAbsent = !existsSync(configs);
/** Some of the folders: networks that are quick to run, heirs with and without a crop of their own. */
const folders = ["configs/bisenet", "configs/espnet", "configs/fastscnn", "configs/lraspp", "configs/enet"];

describe(`PaddleSeg's configs${isAbsent ? " (skipped: ../shared/reference is absent)" : ""}`, {
  timeout: 120_000,
}, () => {
  it.skipIf(isAbsent)(
    "a larger crop in _base_/cityscapes.yml worsens the heirs that have none of their own",
    async () => {
      const repository = createRepository();
      cpSync(configs, join(repository.folder, "configs"), { recursive: true });
      repository.commit("base");
      const files = filesIn(repository.folder);
      const all = folders.flatMap((folder) => files.walk(folder)).filter((file) => /\.ya?ml$/.test(file));
      const crops = () => new Map(all.map((file) => [file, JSON.stringify(loadConfig(file, files).cropSize)]));
      const before = crops();
      const shared = join(repository.folder, "configs/_base_/cityscapes.yml");
      const text = readFileSync(shared, "utf8");
      expect(text).toContain("crop_size: [1024, 512]");
      writeFileSync(shared, text.replace("crop_size: [1024, 512]", "crop_size: [1024, 768]"));
      const after = crops();
      const wanted = all.filter((file) => before.get(file) !== after.get(file));
      expect(wanted.length).toBeGreaterThan(0);
      expect(wanted.length).toBeLessThan(all.length);

      const args = ["check", ...folders, "--gpu", "80GiB", "--base", "HEAD", "--json"];
      const { out, code } = await vramPlan(args, { cwd: repository.folder });
      remove(repository);
      expect(code).toBe(0);
      const result = checkSchema.parse(JSON.parse(out));
      const worsened = result.configs.filter(
        ({ cards: [card] }) => card && card.process.high > (card.baseProcess?.high ?? 0),
      );
      expect(worsened.map(({ config }) => config).sort()).toEqual([...wanted].sort());
      expect(result.configs.length + result.unchangedCount).toBe(all.length);
    },
  );
});
