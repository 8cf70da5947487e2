/** Asks for the name of a file and prints the file's last byte. It reads that one byte alone. */
import { File, metadata } from "std/fs";
import { BufReader, Error, ErrorKind, eprintln, print, println, stdin } from "std/io";
import { Vec } from "std/vec";

export async function main(): Promise<i32> {
  await print("Which file? ");
  const line = await new BufReader(stdin()).readLine();
  if (line.isErr) return await fail(line.error.message);
  if (line.unwrap() == "") return await fail("end of input: no file was named");
  const path = withoutLineEnd(line.unwrap());

  const found = await metadata(path);
  if (found.isErr) return await fail(`${path}: ${reason(found.error)}`);
  if (found.unwrap().isDir) return await fail(`${path}: is a directory`);
  if (!found.unwrap().isFile) return await fail(`${path}: is not a regular file`);
  if (found.unwrap().length == 0) return await fail(`${path}: is empty`);

  const file = await File.open(path);
  if (file.isErr) return await fail(`${path}: ${reason(file.error)}`);
  const last = await file.unwrap().readAt(Vec.withCapacity<u8>(1), found.unwrap().length - 1);
  if (last.isErr) return await fail(`${path}: ${reason(last.error)}`);
  if (last.n == 0) return await fail(`${path}: has become shorter`);
  await println(describe(last.buf[0]));
  return 0;
}

function withoutLineEnd(line: string): string {
  const end = line.endsWith("\r\n") ? 2 : line.endsWith("\n") ? 1 : 0;
  return line.substring(0, line.length - end);
}

async function fail(message: string): Promise<i32> {
  await eprintln(message);
  return 1;
}

function reason(error: Error): string {
  switch (error.kind) {
    case ErrorKind.NotFound: return "no such file";
    case ErrorKind.PermissionDenied: return "not permitted";
    default: return error.message;
  }
}

function describe(byte: u8): string {
  const hex = "0123456789abcdef";
  const text = `0x${hex.charAt(byte >> 4)}${hex.charAt(byte & 15)} = ${byte}`;
  return byte > 0x20 && byte < 0x7f ? text + ` '${String.fromCharCode(byte)}'` : text;
}
