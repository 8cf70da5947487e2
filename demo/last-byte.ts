/** Asks for the name of a file and prints the file's last byte. It reads that one byte alone. */
import { File, metadata } from "std/fs";
import {
  BufReader, Error, ErrorKind, Result, Unit, eprintln, print, println, stdin, withoutLineEnd,
} from "std/io";
import { Vec } from "std/vec";

export async function main(): Promise<i32> {
  await print("Which file? ");
  const byte = await ask();
  const told = byte.isOk ? await println(describe(byte.unwrap())) : Result.err<Unit>(byte.error);
  if (told.isOk) return 0;
  await eprintln(told.error.message);
  return 1;
}

/** Reads the name from the console. */
async function ask(): Promise<Result<u8>> {
  const line = await new BufReader(stdin()).readLine();
  if (line.isErr) return Result.err<u8>(line.error);
  if (line.unwrap().length == 0) return refuse("end of input", null, "no file was named");
  return await lastByte(withoutLineEnd(line.unwrap()));
}

async function lastByte(path: string): Promise<Result<u8>> {
  const found = await metadata(path);
  if (found.isErr) return Result.err<u8>(found.error);
  const file = found.unwrap();
  if (file.isDir) return refuse("last byte of", path, "is a directory");
  if (!file.isFile) return refuse("last byte of", path, "is not a regular file");
  if (file.length == 0) return refuse("last byte of", path, "is empty");

  const opened = await File.open(path);
  if (opened.isErr) return Result.err<u8>(opened.error);
  const read = await opened.unwrap().readAt(Vec.withCapacity<u8>(1), file.length - 1);
  await opened.unwrap().close();
  if (read.isErr) return Result.err<u8>(read.error);
  if (read.n == 0) return refuse("last byte of", path, "has become shorter");
  return Result.ok<u8>(read.buf[0]);
}

function refuse(what: string, path: string | null, reason: string): Result<u8> {
  return Result.err<u8>(new Error(ErrorKind.Other, reason).in(what, path));
}

function describe(byte: u8): string {
  const digits = "0123456789abcdef";
  const text = "0x" + digits.charAt(byte >> 4) + digits.charAt(byte & 15) + " = " + byte.toString();
  return byte > 0x20 && byte < 0x7f ? text + " '" + String.fromCharCode(byte) + "'" : text;
}
