/** @file Compares our events with a measured trace, row by row: `node dist/tools/trace.js CASE`, `--help` for the rest. */
import { traceCommand } from "./lib/trace-command.ts";

try {
  process.exitCode = await traceCommand(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
}
