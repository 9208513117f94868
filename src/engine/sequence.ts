/** @file Nodes that backward runs in a fixed order, whichever is ready first (`force_sequential_nodes` in paddle/fluid/eager/backward.cc). */
import type { GradNode } from "./tape.ts";

/**
 * Takes the nodes in the order in which they were made; they run in the reverse of it. The result is called with each node
 * whose gradients are all there and returns those that may run now, the node itself or not.
 */
export function sequence(made: readonly GradNode[]): (node: GradNode) => readonly GradNode[] {
  const left = [...made];
  const members = new Set(left);
  const early = new Set<GradNode>();
  return (node) => {
    if (!members.has(node)) return [node];
    early.add(node);
    const ready: GradNode[] = [];
    for (let next = left.at(-1); next !== undefined && early.delete(next); next = left.at(-1)) {
      ready.push(next);
      left.pop();
    }
    return ready;
  };
}
