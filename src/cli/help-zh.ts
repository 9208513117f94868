/** @file The help in Chinese: commands and options by their names. A test finds one that has no words here. */
import type { Argument, Command, Option } from "commander";
import { wrap } from "../report/table.ts";
import { displayWidth } from "../words/width.ts";

interface CommandWords {
  readonly summary: string;
  readonly description: string;
  /** Options and arguments that are others here than elsewhere. */
  readonly own?: Readonly<Record<string, string>>;
}

const commands: Readonly<Record<string, CommandWords>> = {
  plan: {
    summary: "找出使配置放得下显卡的更改（默认命令）",
    description: "找出使配置放得下显卡的更改，影响最小的优先。",
  },
  estimate: {
    summary: "逐项列出配置占用的显存",
    description: "配置占用的显存：训练与评估，按种类、按层，以及峰值时存活的内容。",
  },
  check: {
    summary: "检查多个配置是否放得下，最差的在前；改动使什么变差",
    description:
      "检查每个配置在各显卡上是否放得下，最差的在前；加 --base 时指出改动使什么变差。有问题未通过时退出码为 1。",
    own: {
      "--gpu": "显卡，例如 rtx4070，或显存大小，例如 12GiB；可重复给出多个",
      "--format": "terminal、json、markdown、github、gitlab、sarif、rdjson、csv；输出到标准输出或文件；可重复给出多个",
    },
  },
  diff: {
    summary: "比较两个配置：设置、字节、层",
    description: "比较两个配置或已保存的报告：设置、字节、层。",
    own: { "--gpu": "显卡，例如 rtx4070，或显存大小，例如 12GiB" },
  },
  init: {
    summary: "生成预算文件、GitHub 工作流和 pre-commit 钩子",
    description: "生成 vram-plan.yaml、GitHub 工作流和 pre-commit 钩子。已存在的文件保持不变。",
    own: { "--gpu": "配置必须放得下的显卡（默认：24GiB）" },
  },
  schema: {
    summary: "预算文件、报告或检查结果的 JSON schema",
    description: "预算文件（默认）、报告（--json）或 check 结果的 JSON schema。",
    own: { what: "budget、report 或 check" },
  },
  max: {
    summary: "显卡放得下的最大批大小和最大裁剪尺寸",
    description: "显卡放得下的最大批大小和最大裁剪尺寸，以及各裁剪尺寸和精度下的最大批大小。",
  },
  gpus: {
    summary: "放得下配置的最小显卡，原样或采用方案",
    description: "原样放得下配置的最小显卡，以及采用只改变耗时的方案时的最小显卡。",
  },
  explain: {
    summary: "逐个算子说明某一层的字节从何而来",
    description: "逐个算子说明某一层的字节从何而来：前向产生的、为反向保存的、峰值时存活的。",
    own: { "--top": "显示多少个算子" },
  },
  curve: {
    summary: "字节与减速的关系，取决于重计算哪些层",
    description: "字节与减速的关系：在两方面都不被其他组合超过的重计算层组合。",
  },
  calibrate: {
    summary: "将训练日志与其估计对照；实测记录会收窄以后的估计",
    description:
      "将 PaddleSeg 日志与其训练的估计对照：差异在哪里、是否有显存泄漏、哪一层显存不足。实测记录存入 vram-plan.receipts.yaml，会收窄以后对同一显卡、Paddle 和 cuDNN 的估计。",
    own: { "--config": "该训练的配置（默认：日志中打印的配置）" },
  },
  list: {
    summary: "列出已知的 gpus、models、losses、knobs",
    description: "列出 vram-plan 已知的内容。",
    own: { what: "gpus、models、losses 或 knobs" },
  },
  completion: {
    summary: "生成 shell 的命令补全脚本",
    description: '打印 shell 的命令补全脚本：eval "$(vram-plan completion bash)"。',
  },
};

const words: Readonly<Record<string, string>> = {
  config: "PaddleSeg 训练配置（YAML）",
  paths: "配置文件、目录或带引号的通配符（默认：当前目录下的全部）",
  a: "配置文件、用 --json 保存的报告，或 git 中的 REF:path",
  b: "同上",
  log: "PaddleSeg 的 tools/train.py 打印的日志",
  shell: "shell 的名称",
  "--gpu": "显卡，例如 rtx4070，显存大小，例如 12GiB，或 auto：nvidia-smi 显示的显卡",
  "--out": "把按方案修改后的配置写入新文件，并生成运行它的 FILE.launch.sh",
  "--print-launch": "只打印运行方案的脚本",
  "--format": "terminal、json、html、svg、trace；输出到标准输出或文件；可重复给出多个",
  "--chart": "在终端中画出一次迭代和一张图像中的存活字节",
  "--batch-size": "每张卡一次处理的图像数，代替 batch_size",
  "--crop-size": "训练图像的尺寸，代替数据变换中的尺寸",
  "--eval-size": "评估时网络输入图像的尺寸",
  "--precision": "数值格式（默认：fp32）",
  "--amp-level": "fp16 下的 AMP 级别（默认：O1）",
  "--gpus": "一起训练的显卡数，每张卡各有一个批次（默认：1）",
  "--accumulation": "优化器每步累积的小批次数",
  "--recompute": "反向时重新计算前向的层",
  "--lean": "精简训练：all，或其中几项，用逗号分隔",
  "--conv-workspace-limit": "FLAGS_conv_workspace_size_limit，例如 256MiB",
  "--do-eval": "训练中进行评估（图像尺寸已知时为默认）",
  "--no-do-eval": "训练中不进行评估",
  "--use-ema": "保留参数的指数滑动平均",
  "--data-format": "图像的数据布局",
  "--prefetch": "数据加载器在显卡上预取的批次数（默认：1）",
  "--opts": "覆盖配置中的值，与 PaddleSeg 相同",
  "--stdin-path": "从 - 读取的配置应在的位置，用于查找其 _base_",
  "--display": "此显卡连接桌面显示，会占用一部分显存",
  "--gpu-free": "显卡上现在空闲的显存，例如 11.2GiB",
  "--system": "操作系统（默认：linux）",
  "--runtime": "Paddle 版本，例如 2.6（默认）",
  "--prefer": "优先对结果影响最小（默认），或优先耗时最少",
  "--allow": "只有允许时方案才可更改的：model、optimizer、ema",
  "--keep": "必须保持不变的：crop-size、precision、batch-size、recompute 等",
  "--max-slowdown": "每步耗时相对于原配置的最大倍数",
  "--min-batch-size": "小批次的最少图像数",
  "--headroom": "必须保留的空闲显存，例如 5% 或 512MiB",
  "--exhaustive": "模拟所有未被界限排除的层组合：所得方案即被证明为最优",
  "--alternatives": "显示其他影响级别的次优方案数",
  "--depth": "层次树的深度",
  "--top": "显示峰值时存活的最大的几项",
  "--json": "以 JSON 打印报告",
  "--watch": "所读的文件保存后重新运行",
  "--color": "即使标准输出不是终端也使用颜色",
  "--no-color": "不使用颜色",
  "--lang": "所有文字的语言（默认：按系统区域设置）",
  "--base": "与 HEAD 和此分支的共同提交比较，例如 origin/main",
  "--budget": "预算文件（默认：从当前目录向上最近的 vram-plan.yaml）",
  "--no-budget": "不使用预算文件",
  "--baseline": "已知并隐藏的问题",
  "--update-baseline": "把发现的全部问题写入基线文件",
  "--fail-on": "error（默认）、warn、none 或检查项的名称",
  "--exit-zero": "有问题时退出码也为 0",
  "--layer": "层或损失，例如 backbone.features.2（默认：整个网络）",
  "--version": "打印版本号",
};

const titles: Readonly<Record<string, string>> = {
  "Usage:": "用法：",
  "Arguments:": "参数：",
  "Options:": "选项：",
  "Commands:": "命令：",
};

const helpText = "显示帮助";

/** Lines under the help. */
export const chineseExamples = `
示例：
  vram-plan train.yml --gpu rtx4070                       使配置放得下该显卡的方案
  vram-plan train.yml --gpu rtx4070 --out fitted.yml      同上，并写出修改后的配置
  vram-plan estimate train.yml --batch-size 8 --depth 3   逐层列出显存占用
  vram-plan check configs/*.yml --gpu 12GiB               每个配置一行，有放不下的则退出码为 1

退出码：0 放得下或找到了方案，1 放不下，2 无法运行。`;

/** Puts Chinese words into the whole tree. What has none keeps its English. */
export function speakChinese(program: Command): void {
  program.description("PaddleSeg 训练配置的显存预算规划工具：是否放得下、显存花在哪里、怎样才能放下。");
  program.helpCommand("help [command]", helpText);
  for (const command of [program, ...program.commands]) {
    const { summary, description, own = {} } = commands[command.name()] ?? { summary: "", description: "" };
    if (summary !== "") command.summary(summary).description(description);
    command.helpOption("-h, --help", helpText);
    for (const option of command.options) describe(option, option.long ?? "", own);
    for (const argument of command.registeredArguments) describe(argument, argument.name(), own);
    command.configureHelp({
      styleTitle: (title) => titles[title] ?? title,
      optionDescription: (option) => withChoices(option),
      argumentDescription: (argument) => withChoices(argument),
      displayWidth,
      boxWrap: (text, width) =>
        text
          .split("\n")
          .flatMap((line) => wrap(line, width))
          .join("\n"),
    });
  }
}

function describe(one: Option | Argument, name: string, own: Readonly<Record<string, string>>): void {
  one.description = own[name] ?? words[name] ?? one.description;
}

function withChoices({ argChoices, description }: Option | Argument): string {
  return argChoices === undefined ? description : `${description}（可选：${argChoices.join("、")}）`;
}
