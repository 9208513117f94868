/** @file Errors of values in a config, and of --opts, in Chinese. */
import type { ErrorTable } from "../../error-data.ts";
import type { ValuesErrors } from "../../errors/values.ts";
import { shortly } from "../../shortly.ts";
import { didYouMean } from "../near.ts";

export const valuesErrors: ErrorTable<ValuesErrors> = {
  "value-wrong": {
    message: (d, say) => `${d.key} 必须是${say(d.wanted)}，当前为：${say(d.found)}。`,
    hint: (d, say) => `请将 ${d.key} 设为${say(d.wanted)}。`,
  },
  "value-text-number": {
    message: (d) =>
      `PaddleSeg 把 ${d.key} 读成文本 "${d.text}" 而不是数字：PyYAML 只识别带小数点且指数带正负号的科学计数法。`,
    hint: (d) => `请写成 ${d.write}。`,
  },
  "values-differ": {
    message: (d, say) => `${d.what} 在各处不一致：${d.found.map((one) => shortly(say(one))).join("、")}。`,
    hint: (d, say) => `请让 ${say(d.where)} 中的 ${d.what} 取同一个值。`,
  },
  "loss-count": {
    message: (d) => `loss 有 ${d.types} 个 types，却有 ${d.coefficients} 个 coef。`,
    hint: () => "请只写一个 types，或让 types 与 coef 的个数相同。",
  },
  "dataset-not-known": {
    message: (d) => `PaddleSeg 没有数据集 ${shortly(d.type)}，因此类别数未知。`,
    hint: (d) => didYouMean(d.near, "请使用 type: Dataset 并给出 num_classes，或在 model 中设置 num_classes。"),
  },
  "opts-form": {
    message: (d) => `--opts 的形式是 key=value，只含一个等号，当前为 "${d.item}"。`,
    hint: () => "例如 --opts batch_size=2 model.backbone.output_stride=16。",
  },
  "opts-path": {
    message: (d) => `--opts ${d.key}：配置中没有 ${d.missing}。`,
    hint: (d) => didYouMean(d.near, "请给出配置中已有的键；只有路径的最后一段可以是新的。"),
  },
  "opts-json-word": {
    message: (d) => `--opts ${d.item}：PaddleSeg 把 ${d.word} 读成文本，而文本一律视为真。`,
    hint: (d) => `请写成 ${d.write}。`,
  },
  "edit-impossible": {
    message: (d, say) => `无法在此文件中修改 ${d.key}：${say(d.reason)}。`,
    hint: (d) => `请手动修改 ${d.key}。`,
  },
  "crop-not-known": {
    message: (d) => `${d.config} 中 train_dataset 的变换没有固定训练图像的尺寸。`,
    hint: () => "请给出尺寸，例如 --crop-size 1024x512。",
  },
  "eval-size-not-known": {
    message: (d) => `${d.dataset} 的验证图像尺寸未知。`,
    hint: () => "请给出尺寸，例如 --eval-size 2048x1024。",
  },
};
