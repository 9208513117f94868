/** @file AMP asked for where PaddleSeg does not look: in the config, or a level without half precision. */
import { defineCheck } from "./define.ts";

/** Keys that people write into configs; tools/train.py takes precision and level from its command line only. */
const keys = ["precision", "amp_level", "use_amp", "amp", "fp16"] as const;

export const ampWithoutEffect = defineCheck({
  name: "amp-without-effect",
  run: ({ config, loaded }) => {
    if (loaded === undefined) return [];
    const { train, precision, ampLevelGiven } = loaded;
    const inConfig = keys
      .filter((key) => Object.hasOwn(train.resolved, key))
      .map((key) => ({
        code: "amp-without-effect" as const,
        config,
        gpu: undefined,
        key,
        location: train.locate([key]),
        size: 0,
        facts: { setting: key, reason: "PaddleSeg takes it from the command line only" as const },
      }));
    if (precision !== "fp32" || ampLevelGiven === undefined) return inConfig;
    const facts = { setting: `--amp-level ${ampLevelGiven}`, reason: "the run is in fp32" as const };
    return [
      ...inConfig,
      { code: "amp-without-effect", config, gpu: undefined, key: "--amp-level", location: undefined, size: 0, facts },
    ];
  },
});
