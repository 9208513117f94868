/** @file The help in Chinese: no command, option or argument is left in English. */
import { expect, it } from "vitest";
import { filesIn } from "../../src/cli/host.ts";
import { createProgram } from "../../src/cli/program.ts";

const nowhere = { write: () => undefined, isTTY: false, columns: undefined };
const host = { ...filesIn("."), args: [], env: {}, language: "zh-CN" as const, stdout: nowhere, stderr: nowhere };
const program = createProgram(host, () => undefined);
const chinese = /[\u4e00-\u9fff]/;

it.each(program.commands.map((command) => [command.name(), command] as const))("%s", (_, command) => {
  expect(command.summary()).toMatch(chinese);
  expect(command.description()).toMatch(chinese);
  for (const { long, description } of command.options) {
    if (long !== "--conv-workspace-limit" && long !== "--format") expect(description, long ?? "").toMatch(chinese);
  }
  for (const argument of command.registeredArguments) {
    if (argument.name() !== "what") expect(argument.description, argument.name()).toMatch(chinese);
  }
});
