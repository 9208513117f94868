/** @file A network, backbone or loss that is not modelled: the gate cannot say anything, and says so. */
import { defineCheck, hasCode } from "./define.ts";

export const modelNotKnown = defineCheck({
  name: "model-not-known",
  run: ({ config, error }) => {
    if (!hasCode(error, "not-modelled")) return [];
    const { kind, name } = error.data;
    return [
      {
        code: "model-not-known",
        config,
        gpu: undefined,
        key: `${kind} ${name}`,
        location: error.location,
        size: 0,
        facts: { kind, name },
      },
    ];
  },
});
