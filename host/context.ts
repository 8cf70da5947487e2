/**
 * What one guest is given. Nothing is given by default but clocks and randomness: an embedder sees
 * from the calls on the builder what a guest can reach.
 */
import { StageLayout } from "./backend/stage.js";
import { requireResource } from "./given.js";
import type { GivenDir, GivenFile, Grant } from "./given.js";
import { encoder } from "./namespace.js";
import { parsePattern } from "./net-pattern.js";
import { EVERYWHERE, Use } from "./network.js";
import type { AddressPattern, NetworkGrants } from "./network.js";
import { locate, Writable } from "./locate.js";
import { Environment, listed } from "./programs.js";
import type { ProgramGrants } from "./programs.js";
import { monotonicClock, systemClock } from "./resource/clock.js";
import type { MonotonicClock, SystemClock } from "./resource/clock.js";
import { secureRandom } from "./resource/random.js";
import type { Random } from "./resource/random.js";

/** What a guest may use at most. What exceeds a limit fails with an error of its own. */
export interface Limits {
  /** Operations in flight, else `EAGAIN`. */
  readonly operations: number;
  /** Open handles, else `EMFILE`. */
  readonly handles: number;
}

/** What a guest may do beyond its handles and paths. */
export interface Grants {
  /** Take the signals that are sent to this process. */
  readonly signals: boolean;
  /** Reach others over the network, and be reached. */
  readonly network: NetworkGrants;
  /** Start programs; null: none. */
  readonly run: ProgramGrants | null;
}

/** Everything that one guest was given; made by `ContextBuilder`. May serve several instances. */
export interface Context {
  readonly args: readonly Uint8Array[];
  /** `NAME=VALUE`. */
  readonly env: readonly Uint8Array[];
  /** Standard input, output and error; null where the guest has none. */
  readonly stdio: readonly (GivenFile | null)[];
  /** What can be reached by path; null: everything that the process can reach. */
  readonly mounts: readonly Grant[] | null;
  readonly currentDir: string;
  readonly tempDir: string;
  readonly systemClock: SystemClock;
  readonly monotonicClock: MonotonicClock;
  readonly random: Random;
  readonly limits: Limits;
  readonly grants: Grants;
}

const DEFAULT_LIMITS: Limits = { operations: 262_144, handles: 65_536 };

/** The highest limit of operations. The other slots are for closing all that is left at the end. */
const MOST_OPERATIONS: number = StageLayout.Slots >> 2;

/** Text for a guest; bytes are for what is not UTF-8, and come through unchanged. */
export type GuestText = string | Uint8Array;

/** Builds a `Context`. */
export class ContextBuilder {
  private readonly argList: Uint8Array[] = [];
  private readonly envList: Uint8Array[] = [];
  private readonly streams: (GivenFile | null)[] = [null, null, null];
  private mounts: Grant[] | null = [];
  private readonly listenList: AddressPattern[] = [];
  private readonly connectList: AddressPattern[] = [];
  private current = "/";
  private temp = "/tmp";
  private system = systemClock;
  private monotonic = monotonicClock;
  private randomness = secureRandom;
  private limitSet = DEFAULT_LIMITS;
  private hasSignals = false;
  private readonly programs = new Map<string, string>();
  private isEveryProgram = false;
  private programPath = process.env["PATH"] || "/usr/local/bin:/usr/bin:/bin";

  /** Adds an argument; the first one is the program's name. */
  arg(value: GuestText): this {
    this.argList.push(encoded(value, "an argument"));
    return this;
  }

  /** Adds arguments. */
  args(values: Iterable<GuestText>): this {
    for (const value of values) this.arg(value);
    return this;
  }

  /** Adds an environment variable. The name is not empty and has no `=`. */
  env(name: string, value: string): this {
    if (name === "" || name.includes("=")) {
      throw new TypeError(`not the name of an environment variable: ${JSON.stringify(name)}`);
    }
    this.envList.push(encoded(`${name}=${value}`, "an environment variable"));
    return this;
  }

  /** Adds environment variables. */
  envs(variables: Readonly<Record<string, string | undefined>>): this {
    for (const [name, value] of Object.entries(variables)) {
      if (value !== undefined) this.env(name, value);
    }
    return this;
  }

  /** Gives standard input. @throws TypeError for what is no file. */
  stdin(file: GivenFile | null): this {
    this.streams[0] = checked(file, "standard input");
    return this;
  }

  /** Gives standard output. @throws TypeError for what is no file. */
  stdout(file: GivenFile | null): this {
    this.streams[1] = checked(file, "standard output");
    return this;
  }

  /** Gives standard error. @throws TypeError for what is no file. */
  stderr(file: GivenFile | null): this {
    this.streams[2] = checked(file, "standard error");
    return this;
  }

  /**
   * Grants a directory with all below it; the guest sees it at `path`, which is absolute.
   *
   * @param access `isReadOnly`: the guest may look at everything there and change nothing. What is
   *   granted to be changed as well, by a directory above or by another name, is not protected.
   * @throws TypeError for a path that is not absolute, and for what is no directory.
   */
  dir(dir: GivenDir, path: string, { isReadOnly = false }: { isReadOnly?: boolean } = {}): this {
    if (!path.startsWith("/")) throw new TypeError(`not an absolute path: ${JSON.stringify(path)}`);
    requireResource(dir, "dir", JSON.stringify(path));
    this.mounts?.push({ dir, path, isReadOnly });
    return this;
  }

  /**
   * Lets the guest listen for connections, and bind datagram sockets, at `HOST:PORT`.
   *
   * @param pattern HOST is `*`, `localhost`, an IPv4 address or an IPv6 address in brackets, the
   *   addresses with `/BITS` where all are meant that begin like them; PORT is a number, a range
   *   `8000-8999`, or `*`. Port 0, a free one of the system's choice, is a port like any other.
   * @throws TypeError when it is none of that.
   */
  listen(pattern: string): this {
    this.listenList.push(...parsePattern(pattern, Use.Listen));
    return this;
  }

  /**
   * Lets the guest connect, and send datagrams, to `HOST:PORT`; and look names up.
   *
   * @param pattern as for `listen`.
   * @throws TypeError when it is none of that.
   */
  connect(pattern: string): this {
    this.connectList.push(...parsePattern(pattern, Use.Connect));
    return this;
  }

  /** Grants all of the network. */
  allowNet(): this {
    this.listenList.push(EVERYWHERE);
    this.connectList.push(EVERYWHERE);
    return this;
  }

  /**
   * Lets the guest start a program. That has all rights of this process, whatever the guest has.
   *
   * It is found by `build`, and must lie where the guest cannot write: neither the folders that its
   * path leads through, by links as well, nor itself or the interpreter of a script. As long as
   * these are the only programs that the guest may start, its own changes of their environment are
   * refused unless they are harmless, and of a `PATH` they get what the guest cannot write to.
   *
   * @param name what the guest calls it, exactly, and what it is told to be called.
   * @param file what is started then: an absolute path, or a name that is looked for in the
   *   absolute directories of `searchPath`. The guest's own `PATH` counts for nothing here.
   * @throws TypeError when `file` is a relative path with a slash.
   */
  run(name: string, file = name): this {
    if (file === "" || (file.includes("/") && !file.startsWith("/"))) {
      throw new TypeError(`neither an absolute path nor a plain name: ${JSON.stringify(file)}`);
    }
    this.programs.set(String.fromCharCode(...encoded(name, "the name of a program")), file);
    return this;
  }

  /** Lets the guest start any program: it then can do whatever this process can. */
  allowRun(): this {
    this.isEveryProgram = true;
    return this;
  }

  /** Where programs are looked for, as in `PATH`, which it is by default. */
  searchPath(path: string): this {
    this.programPath = path;
    return this;
  }

  /**
   * Grants every path that the process can reach, all of the network and every program, for a
   * program that is trusted like a native one.
   *
   * @param currentDir the process's current directory.
   */
  allowAll(currentDir: string): this {
    this.mounts = null;
    return this.allowNet().allowRun().currentDir(currentDir);
  }

  /** Sets the guest's current directory: an absolute path, "/" by default. */
  currentDir(path: string): this {
    if (!path.startsWith("/")) throw new TypeError(`not an absolute path: ${JSON.stringify(path)}`);
    this.current = path;
    return this;
  }

  /** Sets what the guest is told is the directory for temporary files; "/tmp" by default. */
  tempDir(path: string): this {
    this.temp = path;
    return this;
  }

  /** Sets the clock for the time of day. */
  systemClock(clock: SystemClock): this {
    this.system = clock;
    return this;
  }

  /** Sets the clock that timers go by. */
  monotonicClock(clock: MonotonicClock): this {
    this.monotonic = clock;
    return this;
  }

  /** Sets the source of random bytes. */
  random(random: Random): this {
    this.randomness = random;
    return this;
  }

  /**
   * Lets the guest wait for signals that are sent to this process. While it does they do not have
   * the effect here that they had before.
   */
  signals(): this {
    this.hasSignals = true;
    return this;
  }

  /** Sets limits; those not named stay as they are. */
  limits(limits: Partial<Limits>): this {
    const merged = { ...this.limitSet, ...limits };
    if (!isWithin(merged.operations, 1, MOST_OPERATIONS)) {
      throw new RangeError(`limit of operations out of range: ${merged.operations}`);
    }
    // Three, since the standard streams are handles.
    if (!isWithin(merged.handles, 3, Number.MAX_SAFE_INTEGER)) {
      throw new RangeError(`limit of handles out of range: ${merged.handles}`);
    }
    this.limitSet = merged;
    return this;
  }

  /**
   * Makes the context. The builder may go on to make others.
   *
   * @throws ProgramError when the guest could exchange a program that it may start for another.
   */
  build(): Context {
    return {
      args: [...this.argList],
      env: [...this.envList],
      stdio: [...this.streams],
      mounts: this.mounts === null ? null : [...this.mounts],
      currentDir: this.current,
      tempDir: this.temp,
      systemClock: this.system,
      monotonicClock: this.monotonic,
      random: this.randomness,
      limits: this.limitSet,
      grants: {
        signals: this.hasSignals,
        network: { listen: [...this.listenList], connect: [...this.connectList] },
        run: this.programGrants(),
      },
    };
  }

  private programGrants(): ProgramGrants | null {
    if (!this.isEveryProgram && this.programs.size === 0) return null;
    const { programPath: searchPath } = this;
    if (this.isEveryProgram) {
      return { programs: null, searchPath, environment: new Environment([...this.envList]) };
    }
    const writable = new Writable(this.mounts ?? [], this.streams.slice(1));
    const programs = new Map<string, string | null>();
    for (const [name, file] of this.programs) {
      programs.set(name, locate(file, searchPath, writable));
    }
    return { programs, searchPath, environment: listed(this.envList, writable) };
  }
}

function checked(file: GivenFile | null, what: string): GivenFile | null {
  if (file !== null) requireResource(file, "file", what);
  return file;
}

function isWithin(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}

function encoded(value: GuestText, what: string): Uint8Array {
  const bytes = typeof value === "string" ? encoder.encode(value) : value.slice();
  if (bytes.includes(0)) throw new TypeError(`${what} contains a NUL character`);
  return bytes;
}
