// Compound assignments with an `await` in them, which compute their target once.
import { yieldNow } from "std/rt";
// @ts-ignore: decorator
@external("test", "print")
declare function print(message: string): void;

let count = 0;

function index(): i32 {
  print("index");
  return count++;
}

async function f(value: i32): Promise<i32> {
  await yieldNow();
  print("f");
  return value;
}

async function late<T>(value: T): Promise<T> {
  await yieldNow();
  return value;
}

class Item {
  n: i32 = 1;
  list: i32[] = [1, 2, 3];
  static total: i64 = 5;
  next: Item | null = null;

  get property(): i32 {
    print("get");
    return this.n;
  }

  set property(value: i32) {
    print("set");
    this.n = value;
  }

  async self(): Promise<i32> {
    this.n += await f(10);
    this.property *= await f(2);
    return this.n++ + await f(0);
  }

  async generic<T>(list: T[], value: T): Promise<T> {
    // @ts-ignore: any type that has the operator
    list[index() & 1] += await late<T>(value);
    return list[0];
  }
}

namespace Names {
  export let x: f64 = 1.5;
  export class Inner {
    static y: i32 = 7;
  }
}

function make(item: Item): Item {
  print("make");
  return item;
}

let shared: Item = new Item();

async function replace(value: i32): Promise<i32> {
  shared = new Item();
  return await f(value);
}

async function elements(): Promise<void> {
  const list = [10, 20, 30];
  list[index()] += await f(1);
  list[index()] -= await f(1);
  (list[index()]) <<= await f(1);
  print(list.toString());
  let at = 0;
  list[at++] += await f(at++);
  print(list.toString() + at.toString());
  const item = new Item();
  make(item).list[await f(1)]++;
  ++make(item).list[await f(1)];
  item.list[await f(0)] += 255;
  print(item.list.toString());
  const text = ["a"];
  text[index() * 0] += (await late<string>("b"));
  print(text[0]);
}

async function properties(): Promise<void> {
  const item = new Item();
  make(item).n += await f(3);
  make(item).property += await f(1);
  (await late<Item>(item)).n += 1;
  (await late<Item>(item)).n++;
  if (item.next == null) item.next = new Item();
  const next = item.next;
  if (next) next.n += await f(100);
  item.next!.n -= await f(1);
  print(item.n.toString() + " " + item.next!.n.toString());
  Item.total += await f(2);
  Names.x += await f(1);
  Names.Inner.y **= await f(2);
  print(Item.total.toString() + " " + Names.x.toString() + " " + Names.Inner.y.toString());
  const old = shared;
  shared.n += await replace(5);
  print(old.n.toString() + " " + shared.n.toString());
  print((await item.self()).toString() + " " + item.n.toString());
  print((await item.generic<i32>([1, 2], 5)).toString());
  print(await item.generic<string>(["p", "q"], "z"));
}

async function nested(): Promise<void> {
  const list = [10, 20, 30];
  const item = new Item();
  const x = 1 + (list[index() & 1] += (make(item).n -= await f(2)));
  print(x.toString() + " " + list.toString());
  const y = list[count & 1] |= await f(64);
  print(y.toString() + " " + list.toString());
  for (let i = 0; i < 2; list[i] += await f(1), i++) print(i.toString());
  let at = 0;
  while ((list[at++] += await f(1)) < 40) print("again");
  print(list.toString() + " " + at.toString());
}

export async function main(): Promise<void> {
  await elements();
  await properties();
  await nested();
}
