#!/usr/bin/env node
/**
 * @file What `vram-plan` starts: runs the bundled program from V8's code cache, so that it need not be compiled anew each time.
 * The cache is made by the build; one that another version of Node made is refused by V8, and the program is compiled as usual.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire, Module } from "node:module";
import { dirname, join } from "node:path";
import { Script } from "node:vm";

const file = join(__dirname, "main.cjs");
const cacheFile = join(__dirname, "main.cache");

function readCache(): Buffer | undefined {
  try {
    return readFileSync(cacheFile);
  } catch {
    return undefined;
  }
}

const cachedData = readCache();
const script = new Script(Module.wrap(readFileSync(file, "utf8")), {
  filename: file,
  ...(cachedData ? { cachedData } : {}),
});
const main: unknown = script.runInThisContext();
const module = { exports: {} };
if (typeof main === "function")
  main.call(module.exports, module.exports, createRequire(file), module, file, dirname(file));
// Set by the build: what ran is what is worth keeping compiled.
if (process.env.VRAM_PLAN_WRITE_CODE_CACHE)
  process.on("exit", () => writeFileSync(cacheFile, script.createCachedData()));
