import { BufResult, Error, ErrorKind, Result, Unit } from "std/error";
import { Vec } from "std/vec";

// Vec, Error and Result, as far as no operation is needed.

class Item {
  constructor(public name: string) {}
}

function growing(): void {
  const vec = new Vec<i32>();
  assert(vec.isEmpty && vec.length == 0 && vec.capacity == 0 && !vec.isLent);
  for (let i = 0; i < 1000; i++) vec.push(i * 3);
  assert(vec.length == 1000 && vec.capacity >= 1000 && vec.capacity <= 2000);
  for (let i = 0; i < 1000; i++) assert(vec[i] == i * 3);
  vec[5] = -1;
  assert(vec[5] == -1 && vec.pop() == 2997 && vec.length == 999);
  vec.truncate(2000);
  assert(vec.length == 999);
  vec.truncate(3);
  assert(vec.toArray().join() == "0,3,6");
  const exact = Vec.withCapacity<u8>(10);
  exact.extendFromArray([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  assert(exact.capacity == 10 && exact.length == 10);
  exact.clear();
  assert(exact.capacity == 10 && exact.isEmpty);
  exact.reserve(4);
  assert(exact.capacity == 10);
  exact.setLength(10);
  assert(exact[9] == 10, "what was there is there");
}

function parts(): void {
  const vec = Vec.from<i32>([1, 2, 3, 4, 5]);
  assert(vec.slice().toArray().join() == "1,2,3,4,5");
  assert(vec.slice(1, 3).toArray().join() == "2,3");
  assert(vec.slice(-2).toArray().join() == "4,5");
  assert(vec.slice(0, -4).toArray().join() == "1");
  assert(vec.slice(4, 2).isEmpty && vec.slice(99).isEmpty && vec.slice(-99).length == 5);
  vec.extend(vec);
  assert(vec.toArray().join() == "1,2,3,4,5,1,2,3,4,5");
  vec.drain(7);
  assert(vec.toArray().join() == "3,4,5");
  vec.resize(5, 9);
  assert(vec.toArray().join() == "3,4,5,9,9");
  vec.resize(1, 0);
  assert(vec.equals(Vec.from<i32>([3])) && !vec.equals(Vec.from<i32>([4])));
  sizes();
  assert(Vec.from<i32>([5, 6, 7, 6]).indexOf(6) == 1);
  assert(Vec.from<i32>([5, 6, 7, 6]).indexOf(6, 2) == 3);
  assert(Vec.from<i32>([5]).indexOf(9) == -1);
  const floats = Vec.fromStatic<f64>([1.5, 2.5]);
  assert(floats[1] == 2.5 && floats.length == 2);
}

function sizes(): void {
  const bytes = new Vec<u8>();
  bytes.resize(0, 1);
  assert(bytes.isEmpty && bytes.capacity == 0);
  bytes.resize(3, 0x41);
  bytes.resize(5000, 0xff);
  assert(bytes.length == 5000 && bytes[2] == 0x41 && bytes[3] == 0xff && bytes[4999] == 0xff);
  bytes.resize(2, 0);
  bytes.resize(4, 7);
  assert(bytes.toArray().join() == "65,65,7,7", "what was cut off does not come back");
  const signed = new Vec<i8>();
  signed.resize(2, -1);
  assert(signed.toArray().join() == "-1,-1");
  const flags = new Vec<bool>();
  flags.resize(2, true);
  assert(flags[0] && flags[1]);
  const wide = Vec.from<u64>([1]);
  wide.resize(1000, u64.MAX_VALUE);
  assert(wide[0] == 1 && wide[1] == u64.MAX_VALUE && wide[999] == u64.MAX_VALUE);
  const real = new Vec<f64>();
  real.resize(2, 0.5);
  assert(real[1] == 0.5);
  const items = new Vec<Item>();
  items.resize(300, new Item("same"));
  __collect();
  assert(items.length == 300 && items[0].name == "same" && items[299] === items[0]);
  items.resize(1, new Item("unused"));
  __collect();
  items.resize(2, new Item("second"));
  __collect();
  assert(items[0].name == "same" && items[1].name == "second");
}

function references(): void {
  const vec = new Vec<Item>();
  for (let i = 0; i < 500; i++) {
    vec.push(new Item(i.toString()));
    if (i % 100 == 0) __collect();
  }
  __collect();
  for (let i = 0; i < 500; i++) assert(vec[i].name == i.toString());
  const copy = vec.slice(100, 200);
  vec.clear();
  __collect();
  for (let i = 0; i < 100; i++) assert(copy[i].name == (100 + i).toString());
  copy.drain(50);
  __collect();
  assert(copy[0].name == "150" && copy.length == 50 && copy.pop().name == "199");
  copy.extend(copy);
  assert(copy.length == 98 && copy[97].name == "198");
}

function bytes(values: Array<u8>): string {
  return Vec.from<u8>(values).toString();
}

function isText(values: Array<u8>): bool {
  return Vec.from<u8>(values).isUtf8();
}

function text(): void {
  const samples = ["", "plain", "naïve", "日本語", "😀 and \u{10ffff}", "\0a"];
  for (let i = 0; i < samples.length; i++) {
    const vec = Vec.fromString(samples[i]);
    assert(vec.length == String.UTF8.byteLength(samples[i]) && vec.isUtf8());
    assert(vec.toString() == samples[i], samples[i]);
  }
  assert(Vec.fromString("\ud800x").toString() == "\ufffdx", "a lone surrogate");
  assert(bytes([0xff]) == "\ufffd");
  assert(bytes([0x61, 0x80, 0x62]) == "a\ufffdb");
  assert(bytes([0xc3]) == "\ufffd", "cut off");
  assert(bytes([0xe2, 0x82]) == "\ufffd", "one for the longest part that might have been");
  assert(bytes([0xe2, 0x82, 0x41]) == "\ufffdA");
  assert(bytes([0xf0, 0x9f, 0x98]) == "\ufffd");
  assert(bytes([0xf0, 0x9f, 0x98, 0x41]) == "\ufffdA");
  assert(bytes([0xc0, 0x80]) == "\ufffd\ufffd", "not the shortest form");
  assert(bytes([0xe0, 0x80, 0x80]) == "\ufffd\ufffd\ufffd");
  assert(bytes([0xed, 0xa0, 0x80]) == "\ufffd\ufffd\ufffd", "a surrogate");
  assert(bytes([0xf4, 0x90, 0x80, 0x80]) == "\ufffd\ufffd\ufffd\ufffd", "beyond the last one");
  assert(bytes([0xf5, 0x41]) == "\ufffdA");
  assert(!isText([0xff]) && !isText([0xc3]) && !isText([0xed, 0xa0, 0x80]) && isText([0x41]));
  assert(isText([0xef, 0xbf, 0xbd]), "U+FFFD itself is text");
  const line = Vec.fromString("one two three");
  assert(line.toString(4, 7) == "two" && line.toString(8) == "three" && line.toString(13) == "");
}

function errors(): void {
  const error = Error.fromResult(-44, 2, "open", "notes.txt");
  assert(error.message == 'open "notes.txt": not found (ENOENT)', error.message);
  assert(error.kind == ErrorKind.NotFound && error.errno == 44 && error.osCode == 2);
  assert(error.toString() == error.message && error.operation == "open");
  assert(Error.fromResult(-11, 0, "read").kind == ErrorKind.Cancelled);
  assert(Error.fromResult(-9999, 0, "x").kind == ErrorKind.Other);
  assert(Error.fromResult(-5, 0, "").message == "number 5");
  const own = new Error(ErrorKind.InvalidData, "not UTF-8");
  assert(own.message == "not UTF-8" && own.kind == ErrorKind.InvalidData && own.errno == 0);
  assert(own.in("readLine").message == "readLine: not UTF-8");
  const fine = Result.ok<i64>(1 << 40);
  assert(fine.isOk && !fine.isErr && fine.unwrap() == 1 << 40 && fine.expect("") == 1 << 40);
  const bad = Result.err<string>(error);
  assert(bad.isErr && bad.unwrapOr("other") == "other" && bad.error === error);
  assert(Result.ok<string>("value").unwrapOr("other") == "value");
  assert(Result.ok<f32>(1.25).unwrap() == 1.25 && Result.ok<bool>(true).unwrap());
  const unit: Result<Unit> = Result.unit();
  assert(unit.isOk);
  const buf = Vec.from<u8>([1, 2]);
  const result = new BufResult(2, buf);
  assert(result.isOk && result.unwrap() == 2 && result.n == 2 && result.buf === buf);
  const failed = new BufResult(0, buf, error);
  assert(failed.isErr && failed.unwrapOr(-1) == -1 && failed.error === error);
}

export function main(): i32 {
  growing();
  parts();
  references();
  text();
  errors();
  return 3;
}
