/** @file What is wrong with an argument of a network, loss or optimizer. */
import type { None } from "./none.ts";

export interface ArgumentPhrases {
  "has-no-argument": { readonly type: string; readonly name: string };
  "nhwc-for-one-network": { readonly network: string; readonly type: string };
  /** `wanted` as the readers of arguments say it. */
  "argument-needed": { readonly type: string; readonly name: string; readonly wanted: string };
  "argument-must-be": {
    readonly type: string;
    readonly name: string;
    readonly wanted: string;
    readonly found: string;
  };
  "custom-cfg-list": None;
}
