/** @file The program that the bin starts (src/cli/start.ts): a Host of the process, a run, the exit code. */
import process from "node:process";
import { nodeHost } from "./cli/host.ts";
import { run } from "./cli/run.ts";

run(nodeHost(process)).then((code) => {
  process.exitCode = code;
});
