// The smallest app that does something: what starting costs.
import { println } from "std/io";

export async function main(): Promise<void> {
  await println("hello, world");
}
