/** @file `-` reads standard input, `--watch` runs again on a save, `completion` prints what a shell takes. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { filesIn, type Host } from "../../src/cli/host.ts";
import { run } from "../../src/cli/run.ts";
import { watch } from "../../src/cli/watch.ts";
import { recipe, recipes, vramPlan } from "./support.ts";

const text = readFileSync(join(recipes, recipe), "utf8");

/** A host with this on standard input and these files, and all that it printed. */
function hostOf(args: readonly string[], more: Partial<Host>): { readonly host: Host; readonly printed: string[] } {
  const printed: string[] = [];
  const stream = { write: (line: string) => void printed.push(line), isTTY: false, columns: undefined };
  return {
    host: { ...filesIn(recipes), args, env: {}, language: "en", stdout: stream, stderr: stream, ...more },
    printed,
  };
}

describe("-", () => {
  it("reads a config from standard input, once", async () => {
    let reads = 0;
    const readStdin = (): string => {
      reads++;
      return text;
    };
    const { host, printed } = hostOf(["estimate", "-", "--no-do-eval", "--json"], { readStdin });
    expect(await run(host)).toBe(0);
    expect(reads).toBe(1);
    const report = JSON.parse(printed[0] ?? "");
    expect(report.config).toBe("stdin.yml");
    const { out } = await vramPlan(["estimate", recipe, "--no-do-eval", "--json"]);
    expect(report.training).toEqual(JSON.parse(out).training);
  });

  it("finds _base_ from where --stdin-path says, and names it in errors", async () => {
    const readStdin = (): string => `_base_: ./${recipe}\nbatch_size: 2\n`;
    for (const flag of [["--stdin-path", "heir.yml"], ["--stdin_path=heir.yml"]]) {
      const { host, printed } = hostOf(["estimate", "-", "--json", ...flag], { readStdin });
      expect(await run(host), printed.join("")).toBe(0);
      const report = JSON.parse(printed[0] ?? "");
      expect(report).toMatchObject({ config: "heir.yml", run: { batchSize: 2 } });
    }
    const broken = hostOf(["estimate", "-", "--stdin-path", "heir.yml"], { readStdin: () => "a: [1\n" });
    expect(await run(broken.host)).toBe(2);
    expect(broken.printed.join("")).toContain("heir.yml:");
  });
});

describe("--watch", () => {
  it("runs again when a file reads otherwise, and not when it does not", async () => {
    let [batch, saves] = [2, 0];
    const ended = new AbortController();
    let save = (): void => undefined;
    const watchFiles: Host["watchFiles"] = (files, onSave) => {
      expect(files).toContain("w.yml");
      save = onSave;
      return () => undefined;
    };
    const readText = (path: string): string =>
      path === "w.yml" ? `_base_: ./${recipe}\nbatch_size: ${batch}\n` : readFileSync(join(recipes, path), "utf8");
    const exists = (path: string): boolean => path === "w.yml" || path === recipe;
    const args = ["estimate", "w.yml", "--no-do-eval", "--depth", "0", "--watch"];
    const { host, printed } = hostOf(args, { watchFiles, readText, exists });
    let runs = 0;
    const done = watch(
      host,
      async (inner) => {
        runs++;
        expect(inner.args).not.toContain("--watch");
        const code = await run(inner);
        if (runs === 2) ended.abort();
        return code;
      },
      ended.signal,
    );
    const tick = setInterval(() => {
      saves++;
      if (saves === 4) batch = 4;
      save();
    }, 150);
    expect(await done).toBe(0);
    clearInterval(tick);
    expect(runs).toBe(2);
    const all = printed.join("");
    expect(all.indexOf("batch 2")).toBeGreaterThan(-1);
    expect(all.indexOf("batch 4")).toBeGreaterThan(all.indexOf("batch 2"));
    expect(all).toContain("watching 2 files");
  });

  it("hears of a save on a real disk", async () => {
    const folder = mkdtempSync(join(tmpdir(), "vram-plan-watch-"));
    writeFileSync(join(folder, "a.yml"), "1");
    const heard = new Promise<void>((resolve) => {
      const stop = filesIn(folder).watchFiles?.(["a.yml", "nosuch/b.yml"], () => {
        stop?.();
        resolve();
      });
    });
    writeFileSync(join(folder, "a.yml"), "2");
    await heard;
    rmSync(folder, { recursive: true });
  });
});

const hasShell = (shell: string): boolean => spawnSync(shell, ["-c", "exit 0"]).status === 0;

describe("completion", () => {
  const script = async (shell: string): Promise<string> => (await vramPlan(["completion", shell])).out;

  /** What bash would offer for the last word. */
  async function offered(...words: readonly string[]): Promise<readonly string[]> {
    const line = words.map((word) => `'${word}'`).join(" ");
    const program = `${await script("bash")}\nCOMP_WORDS=(vram-plan ${line}); COMP_CWORD=${words.length}; _vram_plan; printf '%s\\n' "\${COMPREPLY[@]}"`;
    return spawnSync("bash", ["--norc", "-c", program], { encoding: "utf8", cwd: recipes }).stdout.trim().split("\n");
  }

  it.skipIf(!hasShell("bash"))("offers commands, files, flags and values in bash (needs bash)", async () => {
    expect(await offered("es")).toEqual(["estimate"]);
    expect(await offered("pp-liteseg-stdc2")).toContain(recipe);
    expect(await offered("estimate", recipe, "--batch")).toEqual(["--batch-size"]);
    expect(await offered(recipe, "--gpu", "rtx407")).toEqual(expect.arrayContaining(["rtx4070", "rtx4070ti"]));
    expect(await offered("estimate", recipe, "--precision", "")).toEqual(["fp32", "fp16"]);
    expect(await offered("check", recipe, "--ba")).toContain("--baseline");
  });

  it.skipIf(!hasShell("zsh"))("is what zsh can read (needs zsh)", async () => {
    const { status, stderr } = spawnSync("zsh", ["-n"], { input: await script("zsh"), encoding: "utf8" });
    expect(status, stderr).toBe(0);
  });

  it.skipIf(!hasShell("fish"))("is what fish can read (needs fish)", async () => {
    const { status, stderr } = spawnSync("fish", ["--no-execute"], { input: await script("fish"), encoding: "utf8" });
    expect(status, stderr).toBe(0);
  });

  it("knows every command, and quotes are closed in every line", async () => {
    for (const shell of ["bash", "zsh", "fish"]) {
      const text = await script(shell);
      for (const name of ["plan", "estimate", "check", "list", "completion"]) expect(text).toContain(name);
      for (const line of text.split("\n").filter((one) => !one.startsWith("#")))
        expect(line.split("'").length % 2, line).toBe(1);
    }
  });

  it("refuses a shell that it does not know", async () => {
    expect((await vramPlan(["completion", "tcsh"])).code).toBe(2);
  });
});
