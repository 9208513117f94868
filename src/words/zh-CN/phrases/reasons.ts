/** @file Reasons inside errors, in Chinese. */
import type { PhraseTable } from "../../phrase.ts";
import type { ReasonPhrases } from "../../phrases/reasons.ts";

/** Keys of a log's config that are no keys of the YAML. */
const loggedKeys: Readonly<Record<string, string>> = {
  "size of the training images": "训练图像尺寸",
  classes: "类别数",
};

export const reasonPhrases: PhraseTable<ReasonPhrases> = {
  "as-is": (d) => d.text,
  "it-is-a-folder": () => "它是一个目录",
  "no-permission": () => "没有权限",
  "no-folder": () => "所在目录不存在",
  "folder-is-file": () => "所在目录其实是一个文件",
  "read-only": () => "文件系统是只读的",
  "disk-full": () => "磁盘已满",
  "no-such-file": () => "文件不存在",
  "not-json": () => "不是 JSON",
  "not-valid": () => "无效",
  "too-deep": () => "嵌套过深",
  "too-large-expanded": () => "展开别名后过大",
  "too-many-files": (d) => `由超过 ${d.most} 个文件组成`,
  "alias-holds-itself": (d) => `*${d.anchor} 包含了自身`,
  "no-anchor": (d) => `前面没有锚点 &${d.anchor}`,
  "anchor-twice": (d) => `锚点 &${d.anchor} 重复出现`,
  "tag-not-read": (d) => `PyYAML 在此处不识别标签 ${d.tag}`,
  "tagged-not-read": (d) => `PyYAML 无法读取 ${d.tag} ${d.text}`,
  "word-not-read": (d) => `PyYAML 在此处无法读取 ${d.text}`,
  "merge-key": () => "<< 后面必须是映射或映射的列表",
  "key-no-word": () => "键必须是单个词",
  "it-is-empty": () => "它是空的",
  "it-holds": (d, say) => `其内容是${say(d.value)}`,
  "it-has-no": (d) => `其中没有 ${d.key}`,
  "no-such-place": () => "配置中没有这个位置",
  "no-room-for-edit": () => "文件中的锚点或排版使其无处可写",
  "has-to-be": (d, say) => `必须是${say(d.wanted)}`,
  "gradient-after-unused": () => "使用重计算时，参数被判定为未使用之后，它的梯度才到达",
  "no-gradient": () => "有的参数没有得到梯度",
  "gradient-twice": () => "同一参数的梯度到达了两次",
  "ceil-of-float": () =>
    "其注意力用浮点数调用 paddle.ceil：ceil(): argument 'x' (position 0) must be Tensor, but got float",
  "no-layer": (d) => `网络中没有层 ${d.layer}`,
  "have-to-rise": () => "low、expected、high 必须依次递增",
  "key-wrong": (d, say) => `${d.key === "the file" ? "文件" : d.key}：${say(d.reason)}`,
  "no-nvidia-smi": () => "本机没有 nvidia-smi 程序",
  "nvidia-smi-no-card": () => "nvidia-smi 没有列出任何显卡",
  "static-graph": () => "它运行静态图，其执行器按自己的规则释放、融合和重排算子",
  "static-graph-instead": () => "请将 to_static_training 设为 false，或删去它。",
  "heads-on-several": () => "多卡下的 --lean heads",
  "heads-on-several-reason": () => "每个头之后各卡都会交换一次梯度",
  "heads-on-several-instead": () => "请改用其余方式：--lean losses,logits,gradients。",
  "ema-under-o2": () => "O2 下的 --use-ema",
  "ema-under-o2-reason": () => "更新时每次都把 float16 参数重新转换后加到 float32 的均值上，这一过程尚未测量",
  "ema-under-o2-instead": () => "请配合 --use-ema 使用 --amp-level O1，或去掉其中之一。",
  "in-training-step": () => "训练步骤中",
  "in-flops-pass": () => "AMP O1 训练的最后一次迭代之后 PaddleSeg 统计 FLOPs 时",
  "one-dtype": (d) => `${d.op} 要求操作数的 dtype 相同，而不是 ${d.dtypes.join(" 和 ")}`,
  "logged-differs": (d) =>
    `${loggedKeys[d.key] ?? d.key} 在日志中为 ${d.logged ?? "未设置"}，在配置中为 ${d.given ?? "未设置"}`,
};
