/** @file Assumptions and notes in Chinese. */
import type { PhraseTable } from "../../phrase.ts";
import type { AssumptionPhrases } from "../../phrases/assumptions.ts";

/** Sentences of presets end with a point; inside a phrase they do not. */
const pointless = (text: string): string => text.replace(/\.$/, "");
const loadings = { lazy: "延迟加载", eager: "启动时全部加载" } as const;

export const assumptionPhrases: PhraseTable<AssumptionPhrases> = {
  "pretrained-as-random": () => "预训练权重与随机初始化的权重占用相同的显存；加载过程未建模",
  "no-evaluation": () => "训练中不做评估（--no-do-eval）",
  "evaluation-size": (d) =>
    `按 ${d.size} 的图像评估（${pointless(d.source)}）${d.varies ? "；图像尺寸不一，更大的图像占用更多：请用 --eval-size 给出最大的尺寸" : ""}；只有加上 --do_eval 才会评估`,
  "evaluation-left-out": (d) => `验证图像（${d.dataset}）的尺寸未知，因此未计入评估；可用 --eval-size 宽x高 给出`,
  "loss-bootstrapped": () => "BootstrappedCrossEntropyLoss：假定每个像素的损失都高于 loss_th",
  "loss-semantic-connectivity": () =>
    "SemanticConnectivityLoss：假定每张图像中只有一个类别的一个连通域；每多一个连通域，会暂时多占 4·H·W 字节",
  "loss-pixel-contrast": (d) =>
    `PixelContrastCrossEntropyLoss：假定每张图像有 ${d.classes} 个类别，每个类别的像素都多于 ${d.pixels} 个（max_views）；类别越少，占用越少`,
  "loss-maskformer": () => "MaskFormerLoss：假定每个批次的每张图像都含有所有类别，因此匹配的 query 数达到上限",
  "loss-dual-task": () => "DualTaskLoss：假定预测和标签中都有边缘",
  "loss-lovasz-softmax": (d) =>
    `LovaszSoftmaxLoss：假定每个批次都含有全部 ${d.classes} 个类别，且没有被忽略的像素；更少则占用更少`,
  "loss-edge-attention": () => "EdgeAttentionLoss：假定一部分像素不是边缘，且越来越少",
  "cuda-context": (d) =>
    `CUDA 上下文（内核${loadings[d.loading]}）、cuBLAS 和 cuDNN：取公开报告的范围，并非在此显卡上实测`,
  "nccl-takes": (d) =>
    `多卡：NCCL 经 ${d.link === "nvlink" ? "NVLink" : "PCIe"} 通信时每张卡占用 ${d.low} 至 ${d.high} MiB（由公开报告推断）`,
  "late-returns": () => "多卡：NCCL 流用过的显存块要等显卡执行完毕才归还：下限按立即归还，预期值和上限按每步结束时归还",
  "driver-pages": () => "对 1 MiB 及以上的块，驱动按 2 MiB 的整页分配（推断；计入进程的预期值和上限）",
  "cudnn-workspaces": () =>
    "cuDNN 工作区按规则估计：半精度取卷积的输入 + 输出（上限再加卷积核）；单精度取偏移表（上限取输入 + 输出）；均不超过 FLAGS_conv_workspace_size_limit",
  "narrowed-by-receipts": (d) =>
    `预期值和上限已按 ${d.file} 中同一显卡、Paddle ${d.paddle}、cuDNN ${d.cudnn.join("、")} 的 ${d.runs} 次实测收窄${d.cudnn.length > 1 ? "（取其中最高者，因为下次运行的 cuDNN 版本未知）" : ""}`,
  "cuda-total-derived": (d) =>
    `${d.card} 在 Linux 上的 CUDA 显存总量由 nvidia-smi 的数值推算，取其他显卡上见到的最低比例`,
  "desktop-keeps": () => "桌面占用 700 MiB 显存（Windows 上见过 973 至 1651 MiB，Linux 上通常为 100 至 900 MiB）",
  "windows-withholds": () => "Windows 会保留 5 % 的显存不给进程（一份报告），超出后不报错而是换页到主机内存：非常慢",
  "free-stays-free": () => "显卡上现在空闲的显存会一直空闲：其他进程不再增长",
  "fitted-for": (d) => `${d.file} 是按 ${d.flags} 适配的；已采用这些参数`,
  "several-cards-logged": (d) => `日志来自 ${d.cards} 张卡；按其中一张比较，不计交换梯度所占的显存`,
  "other-paddle-logged": (d) => `日志来自 Paddle ${d.paddle}，按 ${d.runtime} 估计`,
  written: (d) => `已写入：${d.file}`,
  "no-plan-not-written": (d) => `没有找到方案，因此未写入 ${d.file}`,
  "findings-written": (d) => `已将 ${d.findings.toLocaleString("en-US")} 个问题写入 ${d.file}`,
  "nvidia-smi-shows": (d) =>
    `nvidia-smi 显示 ${d.card}${d.cards > 1 ? `（共 ${d.cards} 张，取第一张）` : ""}；${d.total} 中已用 ${d.used}，空闲 ${d.free}`,
  watching: (d) => `正在监视 ${d.files} 个文件；按 Ctrl-C 结束`,
};
