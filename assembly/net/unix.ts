/**
 * Streams of bytes between programs on one machine, which find each other by a path.
 *
 * @module
 */
import { Handle } from "../abi/flags";
import { Op } from "../abi/op";
import { CLOSED, CloseOperation, HandleOwner } from "../closing";
import { Result, Unit } from "../error";
import { toSystem } from "../os-string";
import { SocketMaker } from "./socket";
import { SocketStream } from "./stream";
import { BACKLOG } from "./tcp";

/** A connection between two programs on one machine. See `SocketStream`. */
export class UnixStream extends SocketStream {
  /** Use `UnixStream.connect` or `UnixListener.accept`. */
  constructor(handle: u32, name: string) {
    super(handle, name);
  }

  /**
   * Connects to the socket at `path`, which lies in a directory that the app was given.
   * `NotFound` when there is none, `ConnectionRefused` when nobody listens there any more.
   */
  static connect(path: string): Promise<Result<UnixStream>> {
    return new ConnectOperation(path).start();
  }
}

/** Waits for connections at a path. Close it: nothing else does, before the app ends. */
export class UnixListener extends HandleOwner {
  private constructor(handle: u32, path: string) {
    super(handle, path);
  }

  /** Where it listens. */
  get path(): string {
    return this.name;
  }

  /**
   * Makes a socket at `path`, which lies in a directory that the app was given, and listens.
   * `AddrInUse` when there is something already, be it a socket that nobody listens on any more:
   * remove it before. `close` leaves the socket where it is, too.
   */
  static bind(path: string): Promise<Result<UnixListener>> {
    return new ListenOperation(path).start();
  }

  /** For std alone. */
  static of(handle: u32, path: string): UnixListener {
    return new UnixListener(handle, path);
  }

  /** Waits for the next connection. Any number may be waited for at once. */
  accept(): Promise<Result<UnixStream>> {
    return new AcceptOperation(this.handle, this.path).start();
  }

  /** Stops to listen. Whoever waits for a connection is told that it is cancelled. */
  // @ts-ignore: decorator
  @discardable
  close(): Promise<Result<Unit>> {
    const closing = new CloseOperation(this.handle, this.path);
    this.handle = CLOSED;
    return closing.start();
  }
}

// @ts-ignore: decorator
@final
class ConnectOperation extends SocketMaker<UnixStream> {
  constructor(path: string) {
    super(Op.ConnectUnix, "connect", path);
    const bytes = toSystem(path);
    this.handle = Handle.Root;
    this.lend0(bytes, bytes.length);
  }

  protected made(handle: u32): UnixStream {
    return new UnixStream(handle, this.name);
  }
}

// @ts-ignore: decorator
@final
class ListenOperation extends SocketMaker<UnixListener> {
  constructor(path: string) {
    super(Op.ListenUnix, "listen", path);
    const bytes = toSystem(path);
    this.handle = Handle.Root;
    this.offset = BACKLOG;
    this.lend0(bytes, bytes.length);
  }

  protected made(handle: u32): UnixListener {
    return UnixListener.of(handle, this.name);
  }
}

// @ts-ignore: decorator
@final
class AcceptOperation extends SocketMaker<UnixStream> {
  constructor(listener: u32, path: string) {
    super(Op.Accept, "accept", path);
    this.handle = listener;
  }

  protected made(handle: u32): UnixStream {
    return new UnixStream(handle, this.name);
  }
}
