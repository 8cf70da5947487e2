import { Duration, sleep } from "std/time";

export async function main(): Promise<void> {
  trace("hello");
  trace("numbers", 2, 1.5, -2);
  const random = Math.random();
  assert(random >= 0 && random < 1);
  await sleep(Duration.fromMillis(1));
}
