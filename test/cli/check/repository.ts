/** @file A git repository in a temporary folder, with a base and two configs that inherit it. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** The shared part: data set, crop, batch. */
export const base = `batch_size: 2
iters: 80000
train_dataset:
  type: Cityscapes
  dataset_root: data/cityscapes
  transforms:
    - type: RandomPaddingCrop
      crop_size: [512, 256]
    - type: Normalize
  mode: train
val_dataset:
  type: Cityscapes
  dataset_root: data/cityscapes
  transforms:
    - type: Normalize
  mode: val
optimizer:
  type: SGD
  momentum: 0.9
lr_scheduler:
  type: PolynomialDecay
  learning_rate: 0.01
loss:
  types:
    - type: CrossEntropyLoss
  coef: [1]
`;

/** A network that is quick to run on shapes. */
export const small = `_base_: '../_base_/cityscapes.yml'
model:
  type: FCN
  backbone:
    type: HRNet_W18
  num_classes: 19
`;

/** The same with a crop of its own: a change of the base's crop does not reach it. */
export const own = `${small}train_dataset:
  transforms:
    - type: RandomPaddingCrop
      crop_size: [256, 256]
    - type: Normalize
`;

export interface Repository {
  readonly folder: string;
  write(file: string, text: string): void;
  git(...args: readonly string[]): string;
  commit(message: string): void;
}

/** An empty repository on `main`. */
export function createRepository(): Repository {
  const folder = mkdtempSync(join(tmpdir(), "vram-plan-"));
  const git = (...args: readonly string[]): string =>
    execFileSync("git", [...args], { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  git("init", "-q", "-b", "main");
  git("config", "user.email", "someone@example.org");
  git("config", "user.name", "Someone");
  git("config", "commit.gpgsign", "false");
  return {
    folder,
    git,
    write: (file, text) => {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), text);
    },
    commit: (message) => {
      git("add", "-A");
      git("commit", "-q", "-m", message);
    },
  };
}

/** A repository with the base, two heirs, and YAML that is no config; on a branch `change`. */
export function createConfigs(): Repository {
  const repository = createRepository();
  repository.write("configs/_base_/cityscapes.yml", base);
  repository.write("configs/fcn/small.yml", small);
  repository.write("configs/fcn/own.yml", own);
  repository.write("docs/site.yaml", "title: x\n");
  repository.commit("base");
  repository.git("checkout", "-q", "-b", "change");
  return repository;
}

/** Removes it. */
export function remove({ folder }: Repository): void {
  rmSync(folder, { recursive: true, force: true });
}
