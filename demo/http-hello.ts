/**
 * A small HTTP/1.1 server that greets whoever asks: `http-hello [ADDRESS]`, until Ctrl-C.
 *
 * What it takes seriously is the protocol (RFC 9112): requests that come in pieces or several at
 * once, connections that are kept, bodies that are skipped, and requests that are not what they
 * should be, which are refused before they can do harm.
 */
import { args } from "std/env";
import { BufReader, ErrorKind, eprintln, println, withoutLineEnd, writeAllVectored } from "std/io";
import { Shutdown, TcpListener, TcpStream } from "std/net";
import { select, spawn } from "std/rt";
import { ctrlC } from "std/signal";
import { Duration, SystemTime, sleep, timeout } from "std/time";
import { Vec } from "std/vec";

/** Bytes of a line, fields of a request, and bytes of a body: more is refused. */
const LINE_MOST: i32 = 8 * 1024;
const FIELDS_MOST: i32 = 100;
const BODY_MOST: i64 = 1024 * 1024;

/** How long a client may take for a request, in seconds, and to take leave. */
const REQUEST_SECONDS: i64 = 30;
const LEAVE_SECONDS: i64 = 2;

const LINE_FEED: u8 = 0x0a;

let served: i64 = 0;

export async function main(): Promise<i32> {
  const given = args();
  const bound = await TcpListener.bind(given.length > 1 ? given[1] : "127.0.0.1:8080");
  if (bound.isErr) {
    await eprintln("http-hello: " + bound.error.message);
    return 1;
  }
  const listener = bound.unwrap();
  const address = (await listener.localAddr()).unwrap();
  await println(`listening on http://${address.toString()}/`);
  await select(ctrlC(), acceptAll(listener));
  await listener.close();
  await println(`${served} requests served`);
  return 0;
}

async function acceptAll(listener: TcpListener): Promise<void> {
  while (true) {
    const accepted = await listener.accept();
    if (accepted.isOk) {
      spawn(new Connection(accepted.unwrap()).serve());
    } else if (accepted.error.kind == ErrorKind.Cancelled) {
      return;
    } else {
      // Too many files are open, say: that passes, and who knocked still waits.
      await eprintln("http-hello: " + accepted.error.message);
      await sleep(Duration.fromMillis(100));
    }
  }
}

/** A request as far as it has come. */
class Request {
  /** What to answer: 200, or why it is refused. */
  status: i32 = 200;
  /** The client went away before all of it had come. */
  isGone: bool = false;
  /** Something of it has come. */
  hasBegun: bool = false;
  method: string = "";
  isHttp10: bool = false;
  hosts: i32 = 0;
  /** Bytes of the body; −1 as long as no length is given. */
  length: i64 = -1;
  isChunked: bool = false;
  /** The client waits for leave to send the body. */
  expects: bool = false;
  wantsClose: bool = false;
  wantsKeep: bool = false;

  /** Nothing of it can be relied on any more, not even where it ends. */
  get isBroken(): bool {
    return this.isGone || this.status != 200;
  }

  refuse(status: i32): void {
    if (this.status == 200) this.status = status;
  }

  /** `GET / HTTP/1.1` */
  takeStart(line: string): void {
    const parts = line.split(" ");
    if (parts.length != 3 || !isToken(parts[0]) || parts[1].length == 0) return this.refuse(400);
    this.method = parts[0];
    const version = parts[2];
    if (version.length != 8 || !version.startsWith("HTTP/") || version.charAt(6) != ".") {
      return this.refuse(400);
    }
    if (version.charAt(5) != "1") return this.refuse(505);
    this.isHttp10 = version.charAt(7) == "0";
  }

  /** `Name: value` */
  takeField(line: string): void {
    const colon = line.indexOf(":");
    // Neither a blank before the colon nor a line that continues another: both are for smugglers.
    if (colon < 0 || !isToken(line.substring(0, colon))) return this.refuse(400);
    const name = line.substring(0, colon).toLowerCase();
    const value = line.substring(colon + 1).trim();
    if (name == "host") this.hosts++;
    else if (name == "content-length") this.takeLength(value);
    else if (name == "transfer-encoding") this.takeEncoding(value);
    else if (name == "connection") this.takeConnection(value);
    else if (name == "expect") this.takeExpectation(value);
  }

  /** All fields have come: do they go together? */
  check(): void {
    const hasHost = this.hosts == 1 || (this.isHttp10 && this.hosts == 0);
    const isAmbiguous = this.isChunked && (this.length >= 0 || this.isHttp10);
    if (!hasHost || isAmbiguous) this.refuse(400);
    if (this.length > BODY_MOST) this.refuse(413);
  }

  private takeLength(value: string): void {
    const length = parseNumber(value, 10);
    if (length < 0 || (this.length >= 0 && this.length != length)) this.refuse(400);
    this.length = length;
  }

  private takeEncoding(value: string): void {
    if (value.toLowerCase() != "chunked" || this.isChunked) this.refuse(501);
    this.isChunked = true;
  }

  private takeConnection(value: string): void {
    const options = value.toLowerCase().split(",");
    for (let i = 0; i < options.length; i++) {
      if (options[i].trim() == "close") this.wantsClose = true;
      if (options[i].trim() == "keep-alive") this.wantsKeep = true;
    }
  }

  private takeExpectation(value: string): void {
    if (value.toLowerCase() == "100-continue") this.expects = !this.isHttp10;
    else this.refuse(417);
  }
}

/** One client, and the requests that it sends one after the other. */
class Connection {
  private reader: BufReader<TcpStream>;

  constructor(private stream: TcpStream) {
    this.reader = new BufReader(stream, 2 * LINE_MOST, LINE_MOST);
  }

  /** Answers requests until one of the two has enough. */
  async serve(): Promise<void> {
    while (true) {
      const request = new Request();
      const received = await timeout(this.receive(request), Duration.fromSecs(REQUEST_SECONDS));
      if (received.isErr) {
        request.isGone = !request.hasBegun;
        request.refuse(408);
      }
      if (request.isGone || !(await this.answer(request))) break;
    }
    void await timeout(this.leave(), Duration.fromSecs(LEAVE_SECONDS));
    await this.stream.close();
  }

  /** Takes a whole request, body and all. */
  private async receive(request: Request): Promise<void> {
    let line = await this.line(request);
    // Old clients send an empty line after a body; one is forgiven.
    if (line.length == 0 && !request.isBroken) line = await this.line(request);
    if (request.isBroken) return;
    request.takeStart(line);
    await this.fields(request, true);
    if (!request.isBroken) request.check();
    if (request.isBroken) return;
    const hasBody = request.isChunked || request.length > 0;
    if (hasBody && request.expects) {
      await this.send([Vec.fromString("HTTP/1.1 100 Continue\r\n\r\n")]);
    }
    if (request.isChunked) await this.skipChunks(request);
    else if (hasBody) await this.skip(request, request.length);
  }

  /** Takes lines up to an empty one. Those after a body are taken for nothing. */
  private async fields(request: Request, counts: bool): Promise<void> {
    for (let count = 0; !request.isBroken; count++) {
      const line = await this.line(request);
      if (request.isBroken || line.length == 0) return;
      if (count == FIELDS_MOST) request.refuse(431);
      else if (counts) request.takeField(line);
    }
  }

  /** The next line without its end. When there is none the request is broken. */
  private async line(request: Request): Promise<string> {
    const read = await this.reader.readUntil(LINE_FEED, new Vec<u8>());
    const bytes = read.buf;
    request.hasBegun = request.hasBegun || read.n > 0;
    if (read.isErr && read.error.kind == ErrorKind.InvalidData) {
      request.refuse(431);
    } else if (read.isErr || read.n == 0 || bytes[read.n - 1] != LINE_FEED) {
      request.isGone = true;
    } else {
      const line = bytes.isUtf8() ? withoutLineEnd(bytes.toString()) : "\0";
      if (isPrintable(line)) return line;
      request.refuse(400);
    }
    return "";
  }

  private async skipChunks(request: Request): Promise<void> {
    let total: i64 = 0;
    while (true) {
      const line = await this.line(request);
      if (request.isBroken) return;
      const size = parseNumber(line.split(";")[0].trim(), 16);
      if (size < 0) return request.refuse(400);
      if (size == 0) return await this.fields(request, false);
      total += size;
      if (total > BODY_MOST) return request.refuse(413);
      await this.skip(request, size);
      const end = await this.line(request);
      if (end.length > 0) request.refuse(400);
      if (request.isBroken) return;
    }
  }

  private async skip(request: Request, count: i64): Promise<void> {
    let left = count;
    let buf = Vec.withCapacity<u8>(<i32>min<i64>(left, 2 * LINE_MOST));
    while (left > 0) {
      if (buf.capacity > left) buf = Vec.withCapacity<u8>(<i32>left);
      const read = await this.reader.read(buf);
      if (read.isErr || read.n == 0) {
        request.isGone = true;
        return;
      }
      buf = read.buf;
      left -= read.n;
    }
  }

  /** Answers. Whether the connection is to be kept. */
  private async answer(request: Request): Promise<bool> {
    const isGet = request.method == "GET";
    const isHead = request.method == "HEAD";
    const isKept = request.status == 200 && !request.wantsClose &&
      (!request.isHttp10 || request.wantsKeep);
    if (!isGet && !isHead) request.refuse(405);

    const reason = reasonOf(request.status);
    const body = Vec.fromString(
      request.status == 200 ? "Hello, world!\n" : `${request.status} ${reason}\n`,
    );
    let head = `HTTP/1.1 ${request.status} ${reason}\r\n` +
      `Date: ${new Date(SystemTime.now().asUnixSecs() * 1000).toUTCString()}\r\n` +
      "Content-Type: text/plain; charset=utf-8\r\n" +
      `Content-Length: ${body.length}\r\n`;
    if (request.status == 405) head += "Allow: GET, HEAD\r\n";
    if (!isKept) head += "Connection: close\r\n";
    else if (request.isHttp10) head += "Connection: keep-alive\r\n";
    head += "\r\n";
    if (isHead) body.clear();
    served++;
    return await this.send([Vec.fromString(head), body]) && isKept;
  }

  /** Sends all of it in one write, so that it leaves in one packet. */
  private async send(parts: Array<Vec<u8>>): Promise<bool> {
    const sent = await writeAllVectored(this.stream, parts);
    return sent.isOk;
  }

  /** Ends its own direction first: what the client still sends must not cost it the answer. */
  private async leave(): Promise<void> {
    const ended = await this.stream.shutdown(Shutdown.Write);
    if (ended.isErr) return;
    let buf = Vec.withCapacity<u8>(LINE_MOST);
    while (true) {
      const read = await this.stream.read(buf);
      if (read.isErr || read.n == 0) return;
      buf = read.buf;
    }
  }
}

function reasonOf(status: i32): string {
  switch (status) {
    case 200: return "OK";
    case 400: return "Bad Request";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 413: return "Content Too Large";
    case 417: return "Expectation Failed";
    case 431: return "Request Header Fields Too Large";
    case 501: return "Not Implemented";
    default: return "HTTP Version Not Supported";
  }
}

/** What names and methods are made of. */
function isToken(text: string): bool {
  const marks = "!#$%&'*+-.^_`|~";
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const isLetter = (code | 0x20) >= 0x61 && (code | 0x20) <= 0x7a;
    const isDigit = code >= 0x30 && code <= 0x39;
    if (!isLetter && !isDigit && !marks.includes(text.charAt(i))) return false;
  }
  return text.length > 0;
}

/** No control characters but tabs. */
function isPrintable(text: string): bool {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if ((code < 0x20 && code != 0x09) || code == 0x7f) return false;
  }
  return true;
}

/** Digits and nothing else; −1 for what is no number, or far too large a one. */
function parseNumber(text: string, base: i32): i64 {
  if (text.length == 0 || text.length > 15) return -1;
  let value: i64 = 0;
  for (let i = 0; i < text.length; i++) {
    const digit = "0123456789abcdef".indexOf(text.charAt(i).toLowerCase());
    if (digit < 0 || digit >= base) return -1;
    value = value * base + digit;
  }
  return value;
}
