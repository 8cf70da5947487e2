/** Pipes and streams as files of a guest. */
import { PassThrough, Readable } from "node:stream";
import { Errno } from "../../host/abi.js";
import { HostError, isPromise, type Answer } from "../../host/resource/virtual/answer.js";
import { pipe } from "../../host/resource/virtual/pipe.js";
import type { HostFile } from "../../host/resource/virtual/resource.js";
import { readBlob, readFrom, writeTo } from "../../host/resource/virtual/streams.js";
import { assert, suite } from "../harness.js";

const test = suite("pipes and streams");

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const forever = { signal: new AbortController().signal };

/** Reads at most `size` bytes, as text. */
async function read(file: HostFile, size = 100, waiting = forever): Promise<string> {
  const into = new Uint8Array(size);
  return decode(into.subarray(0, await file.read!(into, null, waiting)));
}

async function errno(answered: () => Answer<unknown>): Promise<Errno> {
  try {
    await answered();
  } catch (error) {
    if (error instanceof HostError) return error.errno;
    throw error;
  }
  return Errno.Success;
}

test("what is written comes out, in order, without waiting", () => {
  const { reader, writer } = pipe();
  assert.is(writer.write(encode("hello "), null, forever), 6);
  assert.is(writer.write(encode("world"), null, forever), 5);
  const into = new Uint8Array(8);
  assert.is(reader.read(into, null, forever), 8);
  assert.is(decode(into), "hello wo");
});

test("a read waits for a write, and a write completes it at once", () => {
  const { reader, writer } = pipe();
  const into = new Uint8Array(10);
  const reading = reader.read(into, null, forever);
  assert.ok(isPromise(reading));
  let count = -1;
  void reading.then((got) => count = got);
  writer.write(encode("now"), null, forever);
  assert.is(count, 3);
});

test("a full pipe makes its writer wait, and never mixes small writes", async () => {
  const { reader, writer } = pipe(4096);
  assert.is(await writer.write(new Uint8Array(4000), null, forever), 4000);
  const waiting = writer.write(new Uint8Array(200).fill(1), null, forever);
  assert.ok(isPromise(waiting));
  await read(reader, 50);
  await read(reader, 3950);
  assert.is(await waiting, 200);
  assert.is(await writer.write(new Uint8Array(10_000), null, forever), 3896, "a large one is cut");
});

test("bytes go round the end of the buffer", async () => {
  const { reader, writer } = pipe(4096);
  let written = "";
  let got = "";
  for (let round = 0; round < 50; round++) {
    const text = String.fromCharCode(97 + round % 26).repeat(1000 + round * 7);
    written += text;
    await writer.write(encode(text), null, forever);
    got += await read(reader, 2000);
  }
  assert.is(got, written);
});

test("closing one end is the end, or a broken pipe, at the other", async () => {
  const one = pipe();
  await one.writer.write(encode("rest"), null, forever);
  one.writer.close();
  assert.is(await read(one.reader), "rest");
  assert.is(await read(one.reader), "");
  const two = pipe(4096);
  await two.writer.write(new Uint8Array(4096), null, forever);
  const stuck = two.writer.write(encode("x"), null, forever);
  two.reader.close();
  assert.is(await errno(() => stuck), Errno.EPIPE);
  assert.is(await errno(() => two.writer.write(encode("x"), null, forever)), Errno.EPIPE);
  const three = pipe();
  const reading = read(three.reader);
  three.writer.close();
  assert.is(await reading, "");
});

test("a read that is cancelled takes nothing along", async () => {
  const { reader, writer } = pipe();
  const controller = new AbortController();
  const first = errno(() => reader.read(new Uint8Array(4), null, controller));
  const second = read(reader);
  controller.abort();
  assert.is(await first, Errno.ECANCELED);
  await writer.write(encode("kept"), null, forever);
  assert.is(await second, "kept");
  assert.is(await errno(() => reader.read(new Uint8Array(1), 5, forever)), Errno.ESPIPE);
});

test("whatever can be iterated is a stream to read from", async () => {
  const web = new ReadableStream<string>({
    start(controller) {
      controller.enqueue("web");
      controller.close();
    },
  });
  async function* generated(): AsyncIterable<string> {
    yield "gen";
    yield "erated";
  }
  assert.is(await all(readFrom(web)), "web");
  assert.is(await all(readFrom(generated())), "generated");
  assert.is(await all(readFrom(Readable.from(["node", Buffer.from("js")]))), "nodejs");
  assert.is(await all(readFrom(["ar", new Uint8Array(0), encode("ray")])), "array");
});

/** All that comes, read in small pieces. */
async function all(file: HostFile): Promise<string> {
  let text = "";
  for (;;) {
    const piece = await read(file, 2);
    if (piece === "") return text;
    text += piece;
  }
}

test("a stream is read as far as the guest reads, and given up when it is closed", async () => {
  let pulled = 0;
  let isEnded = false;
  function* counted(): Iterable<string> {
    try {
      for (;;) yield String(pulled++);
    } finally {
      isEnded = true;
    }
  }
  const file = readFrom(counted());
  await read(file);
  assert.is(pulled, 1);
  await file.close!();
  assert.ok(isEnded);
  assert.is(await read(file), "");
});

test("the piece that comes after a cancelled read is for the next one", async () => {
  let give: (text: string) => void = () => {};
  async function* slow(): AsyncIterable<string> {
    yield await new Promise<string>((resolve) => give = resolve);
  }
  const file = readFrom(slow());
  const controller = new AbortController();
  const first = errno(() => file.read!(new Uint8Array(9), null, controller));
  controller.abort();
  assert.is(await first, Errno.ECANCELED);
  const second = read(file);
  give("kept");
  assert.is(await second, "kept");
});

test("a sink takes what is written, slows it down, and may fail", async () => {
  const pieces: string[] = [];
  const sink = writeTo((chunk) => void pieces.push(decode(chunk)));
  const from = encode("one");
  assert.is(await sink.write!(from, null, forever), 3);
  from.fill(0);
  assert.equal(pieces, ["one"], "it has a copy");
  const node = new PassThrough();
  await writeTo(node).write!(encode("two"), null, forever);
  assert.is(String(node.read()), "two");
  node.destroy();
  assert.is(await errno(() => writeTo(node).write!(encode("x"), null, forever)), Errno.EPIPE);
  const web = new TransformStream<Uint8Array, Uint8Array>();
  const written = writeTo(web.writable).write!(encode("three"), null, forever);
  assert.is(await all(readFrom(web.readable.pipeThrough(limit(1)))), "three");
  assert.is(await written, 5);
});

/** Ends a stream after so many pieces. */
function limit(pieces: number): TransformStream<Uint8Array, Uint8Array> {
  return new TransformStream({
    transform(chunk, controller) {
      controller.enqueue(chunk);
      if (--pieces === 0) controller.terminate();
    },
  });
}

test("a blob is read wherever the guest reads", async () => {
  const file = readBlob(new Blob(["0123456789"]));
  assert.is(await read(file, 4), "0123");
  assert.is(await read(file, 4), "4567");
  const into = new Uint8Array(4);
  assert.is(await file.read!(into, 8, forever), 2);
  assert.is((await file.stat!()).length, 10);
  assert.is(await read(file, 4), "89");
});

test.run();
