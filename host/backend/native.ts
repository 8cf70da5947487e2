/**
 * The native helper, seen from TypeScript: loads the addon and makes its backends. `addon.c` is the
 * other side of the interface `Addon`.
 */
import { createRequire } from "node:module";
import { join } from "node:path";
import { monotonicClock } from "../resource/clock.js";
import { packageRoot } from "../root.js";
import type { Backend } from "./backend.js";
import { StageLayout, TurnWord } from "./stage.js";

/** What the addon exports. */
interface Addon {
  /** The backends that this build holds, best first. */
  readonly backends: readonly string[];
  /** @throws when this machine refuses the backend; the message says why. */
  create(options: { backend: string; stage: Uint8Array; withoutOps: number }): object;
  attach(handle: object, memory: Uint8Array, direct: boolean): void;
  /** Keeps where the text is until the next turn is over. */
  annex(handle: object, text: Uint8Array): void;
  /** A function that runs a turn of the backend: what it takes and gives are `TurnWord`s. */
  bindTurn(handle: object): () => void;
  /** Makes the waiter of a backend, once; the function is called when what was armed has come. */
  bindWake(handle: object, wake: () => void): void;
  arm(handle: object, timeout: number, keepsAlive: boolean): void;
  disarm(handle: object): void;
  terminal(handle: object, descriptor: number, command: number, argument: number): number;
  close(handle: object): void;
}

/** The only state of this module: a library is loaded once in a process. */
let loaded: Addon | undefined;

/** Loads the addon. @throws with a message for people when there is none for this machine. */
function addon(): Addon {
  if (loaded === undefined) {
    try {
      loaded = usual() ?? search();
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message.split("\n")[0] : String(cause);
      throw new Error(`it needs the native helper, which is not here: ${reason}`, { cause });
    }
  }
  return loaded;
}

/** The addon from wherever node-gyp-build finds it. */
function search(): Addon {
  const load = createRequire(join(packageRoot, "package.json"));
  return load("node-gyp-build")(packageRoot) as Addon;
}

/**
 * The addon from the place where it nearly always is. Asking node-gyp-build, which knows all the
 * other places, takes longer than all the rest of loading it, and so does `require`.
 */
function usual(): Addon | undefined {
  if (process.env["RUSTICATED_PREBUILD"] !== undefined) return undefined;
  const folder = `${process.platform}-${process.arch}`;
  const library = { exports: {} as Addon };
  try {
    process.dlopen(library, join(packageRoot, "prebuilds", folder, "node.napi.glibc.node"));
    return library.exports;
  } catch {
    return undefined;
  }
}

/** The names of the backends that the addon holds, best first. */
export function nativeNames(): readonly string[] {
  return addon().backends;
}

/**
 * Whether the kernel may be given addresses inside guest memory. Only V8 with its trap handler
 * keeps memory in place when it grows; elsewhere operations go through buffers of the helper's.
 */
export function isMemoryStable(): boolean {
  if (process.env["STD_MEMORY"] === "bounce") return false;
  if (process.versions["bun"] !== undefined) return false;
  // The trap handler exists for these two only.
  if (process.arch !== "x64" && process.arch !== "arm64") return false;
  const flags = `${process.execArgv.join(" ")} ${process.env["NODE_OPTIONS"] ?? ""}`;
  return !/(disable|no)[-_]wasm[-_]trap[-_]handler/.test(flags);
}

class NativeBackend implements Backend {
  readonly name: string;
  readonly canWait = true;
  readonly stage = new ArrayBuffer(StageLayout.Size);
  private readonly library: Addon;
  private readonly handle: object;
  private readonly isDirect = isMemoryStable();
  private readonly runTurn: () => void;
  /** Who wants to be told; null when a call of the waiter's comes too late for that. */
  private wake: (() => void) | null = null;
  private hasWaiter = false;
  private readonly timeout = new Float64Array(this.stage, StageLayout.Turn + TurnWord.Timeout, 1);
  private readonly counts = new Uint32Array(this.stage, StageLayout.Turn + TurnWord.Count, 2);

  constructor(name: string) {
    this.name = name;
    this.library = addon();
    // For tests: bit n pretends that io_uring has no opcode for `Op` n, as in an old kernel; any
    // bit that epoll's kernel is an old one.
    const withoutOps = Number(process.env["STD_IO_URING_WITHOUT"] ?? 0);
    const stage = new Uint8Array(this.stage);
    this.handle = this.library.create({ backend: name, stage, withoutOps });
    this.runTurn = this.library.bindTurn(this.handle);
  }

  attach(memory: Uint8Array): void {
    this.library.attach(this.handle, memory, this.isDirect);
  }

  annex(text: Uint8Array): void {
    this.library.annex(this.handle, text);
  }

  turn(count: number, timeout: number): number {
    this.timeout[0] = timeout;
    this.counts[0] = count;
    this.runTurn();
    return this.counts[1]!;
  }

  notify(wake: (() => void) | null, timeout: number, keepsAlive: boolean): void {
    this.wake = wake;
    if (wake === null) {
      if (this.hasWaiter) this.library.disarm(this.handle);
      return;
    }
    if (!this.hasWaiter) {
      this.library.bindWake(this.handle, () => this.tell());
      this.hasWaiter = true;
    }
    this.library.arm(this.handle, timeout, keepsAlive);
  }

  now(): number {
    return monotonicClock.now();
  }

  terminal(descriptor: number, command: number, argument: number): number {
    return this.library.terminal(this.handle, descriptor, command, argument);
  }

  close(): void {
    try {
      this.library.close(this.handle);
    } catch (error) {
      // The kernel does not let go of some operation. The helper keeps for ever what that one has,
      // which is all that can be done; how the guest ended is what the caller wants to know.
      if ((error as NodeJS.ErrnoException).code !== "EBUSY") throw error;
    }
  }

  private tell(): void {
    const { wake } = this;
    this.wake = null;
    wake?.();
  }
}

/** Makes the native backend of this name. @throws when this machine refuses it. */
export function createNative(name: string): Backend {
  return new NativeBackend(name);
}
