/** @file Names of cards as nvidia-smi lists them: `Tesla V100-SXM2-32GB`, where people say V100 32GB. */

/** The name as it is, and without the product line and the form of the board; the nearest to the log first. */
export function cardNames(listed: string): readonly string[] {
  const bare = listed
    .replace(/\b(?:NVIDIA|Tesla|Quadro(?= RTX A))\s+/g, "")
    .replace(/-(?:SXM\d?|PCIE|PCIe|SXM)(?=-|$)/g, "")
    .trim();
  return [...new Set([listed, bare])];
}
