/** @file Assumptions and notes in English. */
import type { PhraseTable } from "../../phrase.ts";
import type { AssumptionPhrases } from "../../phrases/assumptions.ts";

/** Sentences of presets end with a point; inside a phrase they do not. */
const pointless = (text: string): string => text.replace(/\.$/, "");

export const assumptionPhrases: PhraseTable<AssumptionPhrases> = {
  "pretrained-as-random": () => "pretrained weights lie where random ones would; loading them is not modelled",
  "no-evaluation": () => "no evaluation during training (--no-do-eval)",
  "evaluation-size": (d) =>
    `evaluation on ${d.size} images (${pointless(d.source)})${d.varies ? "; images vary, larger ones take more: give the largest as --eval-size" : ""}; it takes place with --do_eval only`,
  "evaluation-left-out": (d) =>
    `the size of the validation images (${d.dataset}) is not known, so evaluation is left out; give it as --eval-size WIDTHxHEIGHT`,
  "loss-bootstrapped": () => "BootstrappedCrossEntropyLoss: every pixel's loss is above loss_th",
  "loss-semantic-connectivity": () =>
    "SemanticConnectivityLoss: one class in one part in each image; each further part takes 4·H·W bytes for a time",
  "loss-pixel-contrast": (d) =>
    `PixelContrastCrossEntropyLoss: ${d.classes} classes in each image, each with more than ${d.pixels} pixels (max_views); fewer classes take less`,
  "loss-maskformer": () =>
    "MaskFormerLoss: every image of a batch shows every class, so as many queries are matched as there can be",
  "loss-dual-task": () => "DualTaskLoss: prediction and labels have edges",
  "loss-lovasz-softmax": (d) =>
    `LovaszSoftmaxLoss: all ${d.classes} classes are in each batch and no pixel is ignored; fewer take less`,
  "loss-edge-attention": () => "EdgeAttentionLoss: part of the pixels is no edge, fewer and fewer are",
  "cuda-context": (d) =>
    `CUDA context with ${d.loading} loading of kernels, cuBLAS and cuDNN: range of public reports, not measured on this card`,
  "nccl-takes": (d) =>
    `several cards: NCCL takes ${d.low} to ${d.high} MiB a card over ${d.link === "nvlink" ? "NVLink" : "PCIe"} (inferred from public reports)`,
  "late-returns": () =>
    "several cards: blocks that NCCL's stream used return when the card has caught up: at once in low, at the end of the step in expected and high",
  "driver-pages": () =>
    "the driver gives whole pages of 2 MiB to chunks of 1 MiB and more (inferred; in process, expected and high)",
  "cudnn-workspaces": () =>
    "cuDNN workspaces by rule: half precision input + output of the convolution (high: and filter); single precision an offset table (high: input + output); at most FLAGS_conv_workspace_size_limit",
  "narrowed-by-receipts": (d) =>
    `expected and high are narrowed by ${d.runs === 1 ? "1 measured run" : `${d.runs} measured runs`} on this card with Paddle ${d.paddle} and cuDNN ${d.cudnn.join(", ")}${d.cudnn.length > 1 ? " (the highest of them, as the next run's is not known)" : ""}, from ${d.file}`,
  "cuda-total-derived": (d) =>
    `CUDA's total of the ${d.card} on Linux is derived from nvidia-smi's, by the lowest ratio seen on other cards`,
  "desktop-keeps": () =>
    "a desktop keeps 700 MiB of the card (973 to 1651 MiB were seen on Windows, 100 to 900 MiB are usual on Linux)",
  "windows-withholds": () =>
    "Windows withholds 5 % of the card from a process (one report), and past its end it pages to host memory in place of failing: very slow",
  "free-stays-free": () => "what is free on the card now stays free: other processes do not grow",
  "fitted-for": (d) => `${d.file} was fitted for ${d.flags}; taken as given`,
  "several-cards-logged": (d) =>
    `the log is of ${d.cards} cards; it is compared as one of them, without what exchanging gradients takes`,
  "other-paddle-logged": (d) => `the log is of Paddle ${d.paddle}, which is estimated as ${d.runtime}`,
  written: (d) => `written: ${d.file}`,
  "no-plan-not-written": (d) => `no plan was found, so ${d.file} was not written`,
  "findings-written": (d) =>
    `${d.findings.toLocaleString("en-US")} ${d.findings === 1 ? "finding" : "findings"} written to ${d.file}`,
  "nvidia-smi-shows": (d) =>
    `nvidia-smi shows a ${d.card}${d.cards > 1 ? `, the first of ${d.cards}` : ""}; ${d.used} of ${d.total} are in use, ${d.free} free`,
  watching: (d) => `watching ${d.files} ${d.files === 1 ? "file" : "files"}; Ctrl-C ends`,
};
