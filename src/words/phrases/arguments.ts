/** @file What is wrong with an argument of a network, loss or optimizer. */
import type { None } from "./none.ts";

export interface ArgumentPhrases {
  "has-no-argument": { readonly type: string; readonly name: string };
  "nhwc-for-one-network": { readonly network: string; readonly type: string };
  "custom-cfg-list": None;
}
