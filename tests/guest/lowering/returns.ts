// What an async function returns may be a promise, whatever the expression.
import { yieldNow } from "std/rt";
// @ts-ignore: decorator
@external("test", "print")
declare function print(message: string): void;

class A {
  made: Promise<i32> = Promise.resolve(5);
  nothing: Promise<void> = Promise.resolve();
  later: Promise<i32> | null = null;
  other: A | null = null;
  n: i64 = 3;

  async property(): Promise<i32> { return this.made; }
  async conditional(c: bool): Promise<i32> { return c ? this.made : five(); }
  async parentheses(): Promise<i32> { return (this.made); }
  async withoutValue(): Promise<void> { return this.nothing; }
  async notNull(): Promise<i32> { return this.later!; }
  async assigned(): Promise<i32> { return this.later = five(); }
  async generic<T>(promise: Promise<T>): Promise<T> { return promise; }
  async element(list: Promise<i32>[]): Promise<i32> { return list[1]; }
  async branches(): Promise<void> {
    if (this.n) return Promise.resolve();
    await yieldNow();
    return this.nothing;
  }

  // What is no promise is converted as ever.
  async narrowed(): Promise<A> {
    const other = this.other;
    if (other != null) return other;
    return this;
  }

  async nullable(): Promise<A | null> { return this.other; }
  async literals(c: bool): Promise<f32> { return c ? 1.5 : 2.5; }
  async special(): Promise<f32> { return NaN; }
  async wide(n: i32): Promise<i64> { return n; }
  async value<T>(value: T): Promise<T> { return value; }
}

async function five(): Promise<i32> {
  await yieldNow();
  return 5;
}

function through(run: (promise: Promise<i32>) => Promise<i32>): Promise<i32> {
  return run(five());
}

export async function main(): Promise<void> {
  const a = new A();
  print((await a.property()).toString() + (await a.conditional(true)).toString());
  print((await a.conditional(false)).toString() + (await a.parentheses()).toString());
  print((await a.assigned()).toString() + (await a.notNull()).toString());
  print((await a.generic<i32>(five())).toString() + (await a.element([five(), five()])).toString());
  await a.withoutValue();
  await a.branches();
  print((await a.narrowed()).n.toString() + ((await a.nullable()) == null).toString());
  print((await a.literals(true)).toString() + (await a.special()).toString());
  print((await a.wide(7)).toString() + (await a.value<string>("x")));
  print((await through(async (promise: Promise<i32>): Promise<i32> => promise)).toString());
  const choose = async (c: bool, promise: Promise<void>): Promise<void> =>
    c ? promise : Promise.resolve();
  await choose(false, a.nothing);
  await choose(true, a.nothing);
  await Promise.resolve();
  print("end");
}
