/** @file A headless Chromium over its debugging pipe: pages, what they log, pointer and keys, screenshots. No package needed. */
import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, constants, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import type { Readable, Writable } from "node:stream";

/** The browser's program; undefined where there is none. */
export function findChromium(): string | undefined {
  const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
  const folders = (process.env.PATH ?? "").split(delimiter);
  const paths = [process.env.CHROMIUM ?? "", ...names.flatMap((name) => folders.map((folder) => join(folder, name)))];
  return paths.find((path) => {
    try {
      if (path === "") return false;
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** How a page is looked at. */
export interface Look {
  readonly width: number;
  readonly height?: number;
  readonly scheme?: "light" | "dark";
  /** False: no script runs. */
  readonly script?: boolean;
}

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Record<string, never>;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

/** One browser with one page. */
export class Browser {
  /** What pages logged as warnings and errors, exceptions, and requests that were refused or failed. */
  readonly complaints: string[] = [];
  /** Addresses that pages asked for. */
  readonly requests: string[] = [];
  private readonly process: ChildProcess;
  private readonly profile: string;
  private readonly waiting = new Map<number, (message: Message) => void>();
  private readonly events = new Map<string, () => void>();
  private next = 1;
  private session = "";
  private rest = "";

  private constructor(program: string) {
    this.profile = mkdtempSync(join(tmpdir(), "vram-plan-browser-"));
    const flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"];
    this.process = spawn(program, [...flags, `--user-data-dir=${this.profile}`, "--remote-debugging-pipe"], {
      stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"],
    });
    const answers = this.process.stdio[4] as Readable;
    answers.setEncoding("utf8").on("data", (text: string) => this.read(text));
  }

  /** Starts the browser and opens an empty page. */
  static async start(program: string): Promise<Browser> {
    const browser = new Browser(program);
    const { targetId } = (await browser.send("Target.createTarget", { url: "about:blank" }, false)) as {
      targetId: string;
    };
    const attached = await browser.send("Target.attachToTarget", { targetId, flatten: true }, false);
    browser.session = (attached as { sessionId: string }).sessionId;
    for (const domain of ["Page", "Runtime", "Log", "Network"]) await browser.send(`${domain}.enable`);
    return browser;
  }

  /** Ends the browser. */
  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.process.once("exit", resolve));
    void this.send("Browser.close", {}, false).catch(() => undefined);
    await ended;
    rmSync(this.profile, { recursive: true, force: true, maxRetries: 3 });
  }

  /** Opens a file and waits until it is loaded. */
  async open(file: string, { width, height = 900, scheme = "light", script = true }: Look): Promise<void> {
    await this.send("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile: false });
    await this.send("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: scheme }] });
    await this.send("Emulation.setScriptExecutionDisabled", { value: !script });
    const loaded = new Promise<void>((resolve) => this.events.set("Page.loadEventFired", resolve));
    await this.send("Page.navigate", { url: `file://${file}` });
    await loaded;
  }

  /** The value of an expression on the page. */
  async evaluate<T>(expression: string): Promise<T> {
    const answer = await this.send("Runtime.evaluate", { expression, returnByValue: true, awaitPromise: true });
    const { result, exceptionDetails } = answer as { result: { value: T }; exceptionDetails?: { text: string } };
    if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails));
    return result.value;
  }

  async moveTo(x: number, y: number): Promise<void> {
    await this.send("Input.dispatchMouseEvent", { type: "mouseMoved", x, y });
  }

  async click(x: number, y: number): Promise<void> {
    const at = { x, y, button: "left", clickCount: 1 };
    await this.send("Input.dispatchMouseEvent", { type: "mousePressed", ...at });
    await this.send("Input.dispatchMouseEvent", { type: "mouseReleased", ...at });
  }

  async press(key: string): Promise<void> {
    await this.send("Input.dispatchKeyEvent", { type: "keyDown", key });
    await this.send("Input.dispatchKeyEvent", { type: "keyUp", key });
  }

  /** The page as PNG: all of it, or what is in the window. */
  async screenshot(isWhole = true): Promise<Buffer> {
    const shot = await this.send("Page.captureScreenshot", { captureBeyondViewport: isWhole });
    return Buffer.from((shot as { data: string }).data, "base64");
  }

  private send(method: string, params: object = {}, inPage = true): Promise<unknown> {
    const id = this.next++;
    const message = inPage ? { id, method, params, sessionId: this.session } : { id, method, params };
    (this.process.stdio[3] as Writable).write(`${JSON.stringify(message)}\0`);
    return new Promise((resolve, reject) => {
      this.waiting.set(id, ({ result, error }) => {
        if (error === undefined) resolve(result);
        else reject(new Error(`${method}: ${error.message}`));
      });
    });
  }

  private read(text: string): void {
    const messages = (this.rest + text).split("\0");
    this.rest = messages.pop() ?? "";
    for (const one of messages) this.take(JSON.parse(one));
  }

  private take(message: Message): void {
    if (message.id !== undefined) {
      this.waiting.get(message.id)?.(message);
      this.waiting.delete(message.id);
      return;
    }
    const { method = "", params } = message;
    const text = JSON.stringify(params);
    if (method === "Runtime.exceptionThrown" || method === "Network.loadingFailed") this.complaints.push(text);
    if (method === "Log.entryAdded" && /"level":"(warning|error)"/.test(text)) this.complaints.push(text);
    if (method === "Runtime.consoleAPICalled" && /"type":"(warning|error|assert)"/.test(text))
      this.complaints.push(text);
    if (method === "Network.requestWillBeSent")
      this.requests.push((params as unknown as { request: { url: string } }).request.url);
    this.events.get(method)?.();
    this.events.delete(method);
  }
}
