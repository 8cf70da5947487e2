/** Uses `std/time` as apps do: arithmetic, and clocks that run. */
import { ErrorKind, println } from "std/io";
import { select } from "std/rt";
import { Duration, Instant, SystemTime, interval, sleep, timeout } from "std/time";
import { check, equal, fails } from "./check";

export async function main(): Promise<void> {
  durations();
  texts();
  instants();
  systemTimes();
  await clocks();
  await intervals();
  await timeouts();
  await println("ok");
}

function durations(): void {
  const second = Duration.fromSecs(1);
  const halves = Duration.fromMillis(2500);
  check(Duration.zero().isZero && !second.isZero, "isZero");
  equal(Duration.max().asNanos(), i64.MAX_VALUE, "max");
  equal((halves - second).asMillis(), 1500, "-");
  equal((second * 3).asSecs(), 3, "*");
  equal((halves / 2).asMillis(), 1250, "/");
  check(Duration.max() * 2 == Duration.max(), "* stays at the longest");
  check(Duration.max() + second == Duration.max(), "+ stays at the longest");
  check((second * 0).isZero, "* 0");
  check(second.saturatingSub(halves).isZero, "saturatingSub");
  equal(second.absDiff(halves).asMillis(), 1500, "absDiff");
  check(second != halves && second <= halves && second <= second, "!= and <=");
  check(halves >= second && !(second >= halves), ">=");
  equal(halves.subsecMillis(), 500, "subsecMillis");
  equal(Duration.fromNanos(3_000_004_005).subsecMicros(), 4, "subsecMicros");
  equal(Duration.fromNanos(3_000_004_005).subsecNanos(), 4005, "subsecNanos");
  equal(Duration.fromMicros(1500).asMillisF64(), 1.5, "asMillisF64");
  check(Duration.fromSecsF64(Infinity) > Duration.fromSecs(9_000_000_000), "no overflow");
}

function texts(): void {
  const nanos: i64[] = [0, 1, 999, 1_000, 1_500, 20_000_000, 1_000_000_000, 61_000_000_001];
  const wanted = ["0ns", "1ns", "999ns", "1µs", "1.5µs", "20ms", "1s", "61.000000001s"];
  for (let i = 0; i < nanos.length; i++) {
    equal(Duration.fromNanos(nanos[i]).toString(), wanted[i], "toString");
  }
}

function instants(): void {
  const now = Instant.now();
  const later = now + Duration.fromMillis(5);
  check(now < later && later > now && now != later, "< and >");
  check(now <= now && now >= now && now == later - Duration.fromMillis(5), "=");
  equal(later.durationSince(now).asMillis(), 5, "durationSince");
  check(now.durationSince(later).isZero, "what is not later");
  check(now - Duration.max() < now && now + Duration.max() > now, "no overflow");
}

function systemTimes(): void {
  const epoch = SystemTime.unixEpoch();
  equal(epoch.nanos, 0, "the epoch");
  const year = epoch + Duration.fromSecs(31_536_000);
  equal(year.asUnixSecs(), 31_536_000, "+");
  equal((epoch - Duration.fromNanos(1)).asUnixSecs(), -1, "- rounds down");
  check(epoch < year && year > epoch && !epoch.equals(year), "< and >");
  const back = year - Duration.fromSecs(31_536_000);
  check(epoch <= epoch && epoch >= epoch && back.equals(epoch), "equals");
  equal(year.durationSince(epoch).unwrap().asSecs(), 31_536_000, "durationSince");
  fails(epoch.durationSince(year), ErrorKind.InvalidInput, "durationSince later");
  fails((SystemTime.now() + Duration.fromSecs(60)).elapsed(), ErrorKind.InvalidInput, "later");
  check(SystemTime.now().asUnixSecs() > 1_700_000_000, "it is later than 2023");
}

async function clocks(): Promise<void> {
  const start = Instant.now();
  const wall = SystemTime.now();
  await sleep(Duration.fromMillis(20));
  check(start.elapsed() >= Duration.fromMillis(20), "a sleep is not shorter than it should be");
  check(wall.elapsed().unwrap() >= Duration.fromMillis(15), "the time of day goes on, too");
  let last = Instant.now();
  for (let i = 0; i < 1000; i++) {
    const next = Instant.now();
    check(next >= last, "never back");
    last = next;
  }
  await start.wait();
  await (start - Duration.fromSecs(1)).wait();
}

async function intervals(): Promise<void> {
  const period = Duration.fromMillis(5);
  const start = Instant.now();
  const every = interval(period);
  check(every.period == period, "period");
  for (let i = 1; i <= 3; i++) {
    await every.tick();
    check(start.elapsed() >= period * i, "a tick is not early");
  }
  await sleep(period * 4);
  const before = Instant.now();
  every.reset();
  await every.tick();
  check(before.elapsed() >= period, "after a reset nothing is made up for");
  const lost = await select(every.tick(), sleep(Duration.zero()));
  check(lost.isSecond, "a tick can be given up");
}

async function timeouts(): Promise<void> {
  const early = await timeout(sleep(Duration.max()), Duration.fromMillis(1));
  fails(early, ErrorKind.TimedOut, "timed out");
  check((await timeout(sleep(Duration.zero()), Duration.max())).isOk, "in time");
  const given = sleep(Duration.max());
  const waiting = timeout(given, Duration.max());
  given.cancel();
  fails(await waiting, ErrorKind.Cancelled, "cancelled");
}
