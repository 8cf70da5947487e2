import { pause, print } from "./support";

// `await` wherever an expression may stand.

async function number(value: i32): Promise<i32> {
  return await pause(value);
}

async function text(value: string): Promise<string> {
  await pause();
  return value;
}

async function truth(value: bool): Promise<bool> {
  await pause();
  return value;
}

function sum(a: i32, b: i32, c: i32): i32 {
  return a * 100 + b * 10 + c;
}

class Point {
  constructor(public x: i32, public y: i32) {}

  plus(other: Point): Point {
    return new Point(this.x + other.x, this.y + other.y);
  }

  async later(): Promise<Point> {
    await pause();
    return this;
  }
}

let order = "";
function trace(value: i32): i32 {
  order += value.toString();
  return value;
}

async function operands(): Promise<void> {
  print((sum(await number(1), 2, await number(3)) + (await number(4)) * 2).toString());
  print((trace(1) + (await number(20)) + trace(3)).toString() + " " + order);
  order = "";
  print(`${sum(trace(1), await number(trace(await number(trace(2)))), trace(3))} ${order}`);
  print(`${await text("a")}-${1 + (await number(1))}-${await text("c")}`);
  print((await truth(false)) || (await truth(true)) ? "or" : "neither");
  print((await truth(false)) && (await truth(true)) ? "both" : "and");
  print((-(await number(5))).toString() + (!(await truth(true))).toString());
  const list = [await number(1), 2, await number(3)];
  print(list.join());
  list[await number(1)] = await number(9);
  list[await number(0)] += await number(4);
  print(list.join() + " " + list[await number(2)].toString());
  let total = 5;
  total += await number(3);
  total *= 1 + (await number(1));
  print(total.toString());
  const point = new Point(await number(1), await number(2)).plus(await new Point(3, 4).later());
  point.x = await number(7);
  point.y -= await number(1);
  print(`${point.x},${point.y} ${(await point.later()).x}`);
  print(`${(await (await point.later()).later()).y}`);
  print(((await number(300)) as u8).toString() + (<f64>await number(2)).toString());
  const chosen = (await truth(true)) ? await number(1) : await number(2);
  print(chosen.toString());
  let comma = 0;
  comma = (await number(1), await number(2));
  print(comma.toString());
  print(await text("last") + (await text("!")));
}

async function conditions(): Promise<i32> {
  if (await truth(true)) print("if");
  if (await truth(false)) print("wrong");
  else print("else");
  let count = 0;
  while (await truth(count < 3)) count++;
  do count += 10;
  while (await truth(count < 30));
  for (let i = await number(0); i < (await number(3)); i += await number(1)) count += 100;
  print(count.toString());
  switch (await number(2)) {
    case 1:
      print("one");
      break;
    case await number(2):
      print("two " + (await text("falls")));
    case 3:
      print("three");
      break;
    default:
      print("default");
  }
  for (let i = 0; i < 5; i++) {
    if (i == 1) continue;
    if (i == (await number(3))) break;
    print("loop " + i.toString());
    await pause();
  }
  outer: for (let i = 0; i < 3; i++) {
    for (let j = 0; j < 3; j++) {
      switch (await number(j)) {
        case 1:
          if (i == 0) continue outer;
          break;
        case 2:
          if (i == 1) break outer;
          break;
      }
      print(`at ${i} ${j}`);
    }
  }
  {
    const inner = await number(1);
    let shadow = inner;
    {
      let shadow = await number(5);
      shadow++;
      print(shadow.toString());
    }
    print(shadow.toString());
  }
  return await number(42);
}

async function nothing(): Promise<void> {
  return;
}

async function forwarded(n: i32): Promise<i32> {
  if (n == 1) return number(n);
  if (n == 2) return three();
  return n > 3 ? 4 : n;
}

class Parent {
  async go(): Promise<string> {
    await pause();
    return "parent";
  }

  name(): string {
    return "P";
  }
}

class Child extends Parent {
  async go(): Promise<string> {
    return super.go();
  }

  name(): string {
    return "C";
  }

  async parentName(): Promise<string> {
    return super.name();
  }
}

function three(): i32 {
  return 3;
}

function say(text: string): void {
  print(text);
}

async function values<T>(value: T): Promise<T> {
  const sum = (await 5) + (await three());
  print(`${sum} ${await "text"}`);
  await say("said");
  return await value;
}

async function early(stop: bool): Promise<string> {
  if (stop) return "early";
  await pause();
  return text("late").isPending ? await text("late") : "?";
}

async function wide(a: i64, b: f32, c: f64, d: u8, e: bool): Promise<f64> {
  await pause();
  const sum = <f64>a + b;
  await pause();
  return sum + c + d + (e ? 1 : 0);
}

export async function main(): Promise<i32> {
  await operands();
  const code = await conditions();
  await nothing();
  print(`${await forwarded(1)}${await forwarded(2)}${await forwarded(5)}`);
  const child: Parent = new Child();
  print((await child.go()) + (await (child as Child).parentName()));
  print((await values(1.5)).toString());
  print((await early(true)) + (await early(false)));
  print((await wide(1 << 40, 0.5, 0.25, 3, true)).toString());
  return code;
}
