import { spawn, yieldNow } from "std/rt";
import { Duration, Instant, interval, sleep, SystemTime } from "std/time";

export function collect(): void {
  __collect();
}

let seed: u32 = 99;

function random(limit: u32): u32 {
  seed ^= seed << 13;
  seed ^= seed >> 17;
  seed ^= seed << 5;
  return seed % limit;
}

let fired = new Array<i32>();

async function wakes(name: i32, nanos: i64): Promise<void> {
  await sleep(Duration.fromNanos(nanos));
  fired.push(name);
}

/** In the order of their deadlines, and where these are equal in the order they were set. */
async function ordered(): Promise<void> {
  const count = 2000;
  const spans = new Array<i64>();
  const tasks = new Array<Promise<void>>();
  const dropped = new Array<bool>();
  for (let i = 0; i < count; i++) {
    spans.push(random(100));
    tasks.push(wakes(i, spans[i]));
    dropped.push(false);
  }
  for (let i = 0; i < count / 3; i++) {
    const victim = random(count);
    dropped[victim] = true;
    tasks[victim].cancel();
  }
  const expected = new Array<i32>();
  for (let span = 0; span < 100; span++) {
    for (let i = 0; i < count; i++) if (spans[i] == span && !dropped[i]) expected.push(i);
  }
  await sleep(Duration.fromNanos(200));
  assert(fired.length == expected.length);
  for (let i = 0; i < expected.length; i++) assert(fired[i] == expected[i]);
  for (let i = 0; i < count; i++) assert(tasks[i].isCancelled == dropped[i]);
}

async function exact(): Promise<void> {
  const start = Instant.now();
  await sleep(Duration.fromNanos(1_234_567_891));
  assert(start.elapsed().nanos == 1_234_567_891, start.elapsed().nanos.toString());
  await sleep(Duration.fromNanos(0));
  await start.plus(Duration.fromNanos(5)).wait();
  assert(start.elapsed().nanos == 1_234_567_891, "what lies in the past does not wait");
  const forever = sleep(Duration.fromSecs(i64.MAX_VALUE));
  await yieldNow();
  assert(forever.isPending);
  forever.cancel();
  forever.cancel();
  assert(forever.isCancelled);
}

async function ticks(): Promise<void> {
  const start = Instant.now();
  const every = interval(Duration.fromMillis(10));
  for (let i = 1; i <= 5; i++) {
    await every.tick();
    assert(start.elapsed().asMillis() == i * 10);
  }
  await sleep(Duration.fromMillis(25));
  await every.tick();
  await every.tick();
  assert(start.elapsed().asMillis() == 75, "a late tick does not delay the next one");
  await every.tick();
  assert(start.elapsed().asMillis() == 80);
}

function durations(): void {
  assert(Duration.fromSecs(2).asMillis() == 2000);
  assert(Duration.fromMicros(1500).asNanos() == 1_500_000);
  assert(Duration.fromSecsF64(0.25).asMicros() == 250_000);
  assert(Duration.fromMillis(1500).asSecs() == 1 && Duration.fromMillis(1500).asSecsF64() == 1.5);
  assert(Duration.fromSecs(i64.MAX_VALUE).asNanos() == i64.MAX_VALUE);
  assert((Duration.fromSecs(1) + Duration.fromMillis(1)).asMillis() == 1001);
  assert(Duration.fromSecs(1) < Duration.fromSecs(2));
  assert(Duration.fromSecs(3) > Duration.fromSecs(2));
  assert(Duration.fromSecs(1) == Duration.fromMillis(1000));
  const early = SystemTime.fromUnixNanos(5);
  const late = SystemTime.fromUnixNanos(9);
  assert(late.durationSince(early).unwrap().nanos == 4);
  assert(early.durationSince(late).isErr);
  assert(SystemTime.fromUnixNanos(-1).asUnixSecs() == -1);
  assert(SystemTime.fromUnixNanos(1_999_999_999).asUnixSecs() == 1);
}

async function forgotten(): Promise<void> {
  await sleep(Duration.fromNanos(50));
  fired.push(-1);
}

export async function main(): Promise<void> {
  durations();
  await ordered();
  await exact();
  await ticks();
  fired = new Array<i32>();
  for (let i = 0; i < 100; i++) spawn(forgotten());
  __collect();
  await sleep(Duration.fromNanos(60));
  assert(fired.length == 100, "a sleeping task lives although nobody refers to it");
}
