/** A directory that can only be looked at. */
import { Errno } from "../../abi.js";
import { answer, fail, get, type Answer, type Steps } from "./answer.js";
import type { DirCursor, FileStat, HostDir, HostFile, OpenOptions } from "./resource.js";

/** Shows another directory; every change is answered with `EROFS`. */
export class ReadOnlyDir implements HostDir {
  readonly kind = "dir";
  private readonly inner: HostDir;

  /** @param inner what is shown. Whoever has it, too, may still change it. */
  constructor(inner: HostDir) {
    this.inner = inner;
  }

  /** @inheritdoc */
  look(name: string): Answer<FileStat | null> {
    return this.inner.look(name);
  }

  /** @inheritdoc */
  stat(): Answer<FileStat> {
    return this.inner.stat();
  }

  /** @inheritdoc */
  dir(name: string): Answer<HostDir> {
    return answer(this.below(name));
  }

  /** @inheritdoc */
  open(name: string, options: OpenOptions): Answer<HostFile> {
    const { write, append, create, truncate } = options;
    if (write || append || create || truncate) fail(Errno.EROFS);
    return answer(this.opened(name, options));
  }

  /** @inheritdoc */
  list(): Answer<DirCursor> {
    return this.inner.list();
  }

  /** @inheritdoc */
  readLink(name: string): Answer<string> {
    return this.inner.readLink?.(name) ?? fail(Errno.EINVAL);
  }

  /** @inheritdoc */
  createDir(): never {
    return fail(Errno.EROFS);
  }

  /** @inheritdoc */
  createLink(): never {
    return fail(Errno.EROFS);
  }

  /** @inheritdoc */
  removeFile(): never {
    return fail(Errno.EROFS);
  }

  /** @inheritdoc */
  removeDir(): never {
    return fail(Errno.EROFS);
  }

  /** @inheritdoc */
  rename(): never {
    return fail(Errno.EROFS);
  }

  /** @inheritdoc */
  link(): never {
    return fail(Errno.EROFS);
  }

  /** @inheritdoc */
  setMode(): never {
    return fail(Errno.EROFS);
  }

  /** @inheritdoc */
  setTimes(): never {
    return fail(Errno.EROFS);
  }

  /** @inheritdoc */
  setOwner(): never {
    return fail(Errno.EROFS);
  }

  private *below(name: string): Steps<HostDir> {
    return new ReadOnlyDir(yield* get(this.inner.dir(name)));
  }

  private *opened(name: string, options: OpenOptions): Steps<HostFile> {
    return new ReadOnlyFile(yield* get(this.inner.open(name, options)));
  }
}

/** An open file of which only reading is left. */
class ReadOnlyFile implements HostFile {
  readonly kind = "file";
  private readonly inner: HostFile;

  constructor(inner: HostFile) {
    this.inner = inner;
  }

  read(...args: Parameters<NonNullable<HostFile["read"]>>): Answer<number> {
    return this.inner.read?.(...args) ?? fail(Errno.EBADF);
  }

  stat(): Answer<FileStat> {
    return this.inner.stat?.() ?? fail(Errno.ENOTSUP);
  }

  setMode(): never {
    return fail(Errno.EROFS);
  }

  setTimes(): never {
    return fail(Errno.EROFS);
  }

  setOwner(): never {
    return fail(Errno.EROFS);
  }

  close(): Answer<void> {
    return this.inner.close?.();
  }
}
