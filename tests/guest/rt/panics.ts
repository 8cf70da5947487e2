import { Error, ErrorKind, Result } from "std/error";
import { Duration, sleep } from "std/time";
import { Vec } from "std/vec";
import { echo, read } from "./operations";

// One case for each number: each ends the app with a message.

// @ts-ignore: decorator
@external("std", "which")
declare function which(): i32;

async function lent(): Promise<Vec<u8>> {
  const buf = Vec.withCapacity<u8>(8);
  buf.push(1);
  read(buf, 0, 5);
  return buf;
}

function overflow(depth: i32): i32 {
  const text = depth.toString();
  return overflow(depth + 1) + text.length;
}

async function recurse(depth: i32): Promise<i32> {
  if (depth == 0) return (await echo(0)) == 0 ? 0 : 1;
  return (await recurse(depth - 1)) + 1;
}

async function cancelledMain(): Promise<void> {
  const promise = new Promise<i32>();
  promise.cancel();
  await promise;
}

async function vectors(which: i32): Promise<void> {
  const buf = await lent();
  switch (which) {
    case 0: buf[0]; break;
    case 1: buf[0] = 1; break;
    case 2: buf.push(1); break;
    case 3: buf.length; break;
    case 4: buf.toString(); break;
    case 5: buf.slice(); break;
    case 6: buf.truncate(0); break;
    case 7: buf.setLength(1); break;
    case 8: buf.extend(Vec.from<u8>([1])); break;
    case 9: Vec.from<u8>([1]).extend(buf); break;
    case 10: await read(buf, 0); break;
    case 11: buf.reserve(100); break;
    case 12: buf.capacity; break;
    case 13: buf.pop(); break;
    case 14: buf.isUtf8(); break;
    case 15: buf.clear(); break;
    case 16: buf.drain(0); break;
    case 17: buf.toArray(); break;
    case 18: buf.indexOf(0); break;
    case 19: buf.pushString("x"); break;
    case 20: buf.resize(4, 0); break;
    case 21: buf.extendFromArray([1]); break;
    case 22: buf.equals(buf); break;
    case 23: buf.isEmpty; break;
  }
}

export async function main(): Promise<i32> {
  const number = which();
  if (number < 49) await vectors(number);
  switch (number) {
    case 49: Vec.from<u8>([1, 2]).resize(-1, 0); break;
    case 50: Vec.from<u8>([1, 2])[2]; break;
    case 51: Vec.from<u8>([1, 2])[-1] = 1; break;
    case 52: new Vec<i32>().pop(); break;
    case 53: Vec.withCapacity<u8>(-1); break;
    case 54: Vec.withCapacity<u8>(4).setLength(5); break;
    case 55: {
      const error = Error.fromResult(-44, 2, "open", "notes.txt");
      Result.err<i32>(error).unwrap();
      break;
    }
    case 56: {
      const error = new Error(ErrorKind.UnexpectedEof, "unexpected end of file");
      Result.err<string>(error.in("read")).expect("the header");
      break;
    }
    case 57: Result.ok<i32>(1).error; break;
    case 58: new Promise<i32>().unwrap(); break;
    case 59: await cancelledMain(); break;
    case 60: await new Promise<i32>(); break;
    case 61: overflow(1); break;
    case 62: Duration.fromMillis(-1); break;
    case 63: await Promise.race(new Array<Promise<i32>>()); break;
    case 64: throw new RangeError("thrown"); break;
    case 65: return await recurse(100_000);

    case 67: Vec.from<u8>([1]).reserve(i32.MAX_VALUE); break;
    case 69: Vec.withCapacity<u8>(1 << 30); break;
    case 70: Vec.from<u64>([1]).reserve(1 << 27); break;
    case 71: Vec.withCapacity<u8>(i32.MAX_VALUE); break;
    case 68: await sleep(Duration.fromSecs(1)); return 7;
  }
  return 0;
}
