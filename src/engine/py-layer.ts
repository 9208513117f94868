/** @file A PyLayer: a node of the tape whose backward is a function of ours. */
import { current } from "./engine.ts";
import { drop } from "./references.ts";
import { accumulationNode, type Backward, type Edge, GradNode } from "./tape.ts";
import type { Tensor } from "./tensor.ts";

/** Makes `outputs` the results of one node on `inputs`; `run` is its backward. Gives the node, for `dispose`. */
export function pyLayer(inputs: readonly Tensor[], outputs: readonly Tensor[], run: Backward): GradNode {
  const node = new GradNode("PyLayerGradNode", undefined, inputs, outputs, inputs.map(edgeTo), current().currentLayer);
  node.run = run;
  outputs.forEach((out, slot) => {
    out.stopGradient = false;
    out.node = node;
    out.slot = slot;
    node.references++;
  });
  return node;
}

/** Makes `value` the result of a node that hands over the gradient of `source`, which is there already and waits for backward. */
export function handOver(source: Tensor, value: Tensor, gradient: Tensor): Tensor {
  gradient.references++;
  const node = pyLayer([source], [value], (self) => {
    self.dispose = undefined;
    gradient.references--;
    return [gradient];
  });
  node.dispose = () => {
    gradient.references--;
    drop(gradient);
  };
  return value;
}

function edgeTo(x: Tensor): Edge | undefined {
  if (x.stopGradient) return undefined;
  const node = x.node ?? accumulationNode(x);
  node.references++;
  return { node, slot: x.slot };
}
