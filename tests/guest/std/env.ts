/** Says what `std/env` and `std/random` tell. Argument: the case. */
import { args, consts, currentDir, getVar, setCurrentDir, tempDir, vars } from "std/env";
import { exists } from "std/fs";
import { ErrorKind, println } from "std/io";
import { fromSystem, toSystem } from "std/os-string";
import * as random from "std/random";
import { Vec } from "std/vec";
import { check, equal, fails } from "./check";

export async function main(): Promise<void> {
  const given = args();
  if (given.length > 1 && given[1] == "random") await randomness();
  else if (given.length > 1 && given[1] == "dirs") await dirs(given[2]);
  else if (given.length > 1 && given[1] == "strings") strings();
  else await tell(given);
  await println("ok");
}

async function tell(given: string[]): Promise<void> {
  await println(given.slice(1).join("|"));
  const all = vars();
  const names = all.keys();
  for (let i = 0; i < names.length; i++) await println(names[i] + "=" + all.get(names[i]));
  const found = getVar("NAME");
  await println(found === null ? "<null>" : found);
  await println(getVar("EMPTY") == "" ? "empty" : "<null>");
  check(getVar("NAM") === null && getVar("NAME=") === null, "no part of a name");
  await println(consts.os + " " + consts.arch);
  equal(consts.family, consts.os == "windows" ? "windows" : "unix", "the family");
  await println(tempDir());
}

async function dirs(path: string): Promise<void> {
  const before = currentDir().unwrap();
  check((await exists("inner/file")).unwrap(), "from the first directory");
  check((await setCurrentDir("inner")).isOk, "setCurrentDir");
  equal(currentDir().unwrap(), before + "/inner", "currentDir");
  check((await exists("file")).unwrap(), "from the second directory");
  check((await setCurrentDir("..")).isOk, "back");
  equal(currentDir().unwrap(), before, "currentDir");
  fails(await setCurrentDir("nope"), ErrorKind.NotFound, "change directory nope");
  const file = await setCurrentDir("inner/file");
  fails(file, ErrorKind.NotADirectory, "change directory inner/file");
  equal(currentDir().unwrap(), before, "a failure changes nothing");
  check((await setCurrentDir(path)).isOk, "absolute");
  check((await exists("inner/file")).unwrap(), "from the absolute one");
}

async function randomness(): Promise<void> {
  const bytes = Vec.withCapacity<u8>(1000);
  check(random.fill(bytes).isOk, "fill");
  equal(bytes.length, 1000, "it fills the capacity");
  let different = 0;
  for (let i = 1; i < 1000; i++) different += i32(bytes[i] != bytes[i - 1]);
  check(different > 900, "bytes differ");
  check(random.fill(new Vec<u8>()).isOk, "nothing to fill");
  check(random.u64() != random.u64(), "two numbers of 64 bits");
  let bits: u32 = 0;
  for (let i = 0; i < 64; i++) bits |= random.u32();
  equal<u32>(bits, u32.MAX_VALUE, "all bits of 32 occur");
}

/** Bytes → string → bytes is the identity, whatever the bytes. */
function strings(): void {
  const samples: string[] = [
    "", "plain", "grüße \u{1f600}", "\udcff", "a\udc80b\udcc3\udca9", "\u{1f480}\udc80",
    "\u07ff\u0800\uffff",
  ];
  for (let i = 0; i < samples.length; i++) {
    check(fromSystem(toSystem(samples[i])).length > 0 || samples[i] == "", samples[i]);
  }
  equal(toSystem("\udcff").length, 1, "an escape is one byte");
  equal(toSystem("\udcff")[0], 0xff, "the byte it means");
  equal(toSystem("\ud800x").toString(), "\ufffdx", "no escape, no text");
  const bad = Vec.from<u8>([0x61, 0xc3, 0x28, 0xed, 0xa0, 0x80]);
  equal(fromSystem(bad), "a\udcc3(\udced\udca0\udc80", "bytes become escapes");
  // Mostly bytes at which the rules of UTF-8 change.
  const edges: u8[] = [
    0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc2, 0xdf, 0xe0, 0xed, 0xf0, 0xf4,
  ];
  let state: u32 = 2026;
  for (let round = 0; round < 20_000; round++) {
    const bytes = new Vec<u8>();
    for (let i = 0; i < 8; i++) {
      state ^= state << 13;
      state ^= state >> 17;
      state ^= state << 5;
      bytes.push(state & 1 ? <u8>(state >> 8) : edges[(state >> 8) % edges.length]);
    }
    const text = fromSystem(bytes);
    check(toSystem(text).equals(bytes), "there and back");
    check(bytes.isUtf8() == !hasEscape(text), "escapes only where they are needed");
  }
}

function hasEscape(text: string): bool {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if ((unit & 0xfc00) == 0xd800) i++;
    else if ((unit & 0xff80) == 0xdc80) return true;
  }
  return false;
}
