import { pause, print } from "./support";

// Everything that can be async, and how calls find their way.

interface Source {
  read(size: i32): Promise<i32>;
}

abstract class Base implements Source {
  protected name: string;

  constructor(name: string) {
    this.name = name;
  }

  async read(size: i32): Promise<i32> {
    const got = await pause(size);
    print(this.name + ".read");
    return got;
  }

  abstract kind(): Promise<string>;

  async describe(prefix: string = "<", suffix: string = this.name): Promise<string> {
    return prefix + (await this.kind()) + suffix;
  }

  protected async secret(): Promise<i32> {
    return await pause(1);
  }

  public static async open(name: string): Promise<Base> {
    await pause();
    return new Derived(name);
  }
}

class Derived extends Base {
  private half: i32 = 2;

  override async read(size: i32): Promise<i32> {
    return (await super.read(size)) / this.half + (await this.secret());
  }

  async kind(): Promise<string> {
    await pause();
    return "derived";
  }

  protected override async secret(): Promise<i32> {
    return (await super.secret()) + 10;
  }

  async async(async: i32): Promise<i32> {
    return async + (await pause(1));
  }

  static async of(name: string, n: i32 = name.length): Promise<i32> {
    return await pause(n);
  }
}

class Last extends Derived {
  async read(size: i32): Promise<i32> {
    return (await super.read(size)) + 1000;
  }

  kind(): Promise<string> {
    return Promise.resolve("sync");
  }
}

class Other implements Source {
  async read(size: i32): Promise<i32> {
    return size;
  }
}

class Box<T> {
  constructor(public value: T) {}

  async get(): Promise<T> {
    await pause();
    return this.value;
  }

  async both<U>(other: U): Promise<Pair<T, U>> {
    await pause();
    return new Pair<T, U>(await this.get(), other);
  }

  static async wrap<V>(value: V): Promise<Box<V>> {
    await pause();
    return new Box<V>(value);
  }
}

class Pair<A, B> {
  constructor(public a: A, public b: B) {}
}

namespace Tools {
  export async function twice(value: i32): Promise<i32> {
    return (await pause(value)) + (await once(value));
  }

  async function once(value: i32): Promise<i32> {
    return await pause(value);
  }

  export class Deep {
    static async call(): Promise<i32> {
      return await twice(4);
    }
  }
}

async function identity<T>(value: T): Promise<T> {
  await pause();
  return value;
}

async function awaited<T>(promise: Promise<T>): Promise<T> {
  return await promise;
}

async function defaults(a: i32, b: i32 = 3, c: i32 = a + b, d: string = "d"): Promise<string> {
  await pause();
  return `${a} ${b} ${c} ${d}`;
}

interface Greets {
  greet(greeting?: string): Promise<string>;
}

class Greeter implements Greets {
  constructor(public name?: string) {}

  async greet(greeting?: string): Promise<string> {
    await pause();
    const name = this.name;
    if (greeting) return joined(greeting, name);
    return joined("hello", name);
  }

  static async make(name?: string): Promise<Greeter> {
    return new Greeter(name);
  }
}

class Shouter extends Greeter {
  async greet(greeting?: string): Promise<string> {
    return (await super.greet(greeting)).toUpperCase();
  }
}

function joined(greeting: string, name?: string): string {
  return name != null ? `${greeting} ${name}` : greeting;
}

async function orElse<T>(value: T, other?: T): Promise<T> {
  await pause();
  return other ? other : value;
}

async function optional(): Promise<string> {
  const greeters: Greets[] = [new Greeter(), await Greeter.make("ann"), new Shouter("bob")];
  let text = "";
  for (let i = 0; i < greeters.length; i++) {
    text += (await greeters[i].greet()) + (await greeters[i].greet("hi")) + " ";
  }
  const greet: (greeting: string, name?: string) => string = joined;
  text += greet("hey") + greet("hey", "you") + joined("ho");
  const arrow = async (name?: string): Promise<string> => joined("arrow", name);
  text += (await arrow()) + (await arrow("s"));
  return text + (await orElse("a")) + (await orElse("a", "b"));
}

async function changed(n: i32): Promise<i32> {
  n += await pause(1);
  n *= 2;
  return n;
}

async function countdown(n: i32): Promise<i32> {
  return n == 0 ? await pause(7) : await countdown(n - 1);
}

async function even(n: i32): Promise<bool> {
  return n == 0 ? true : await odd(n - 1);
}

async function odd(n: i32): Promise<bool> {
  if (n == 0) return false;
  await pause();
  return await even(n - 1);
}

export default async function unused(): Promise<void> {}

function apply(step: (value: i32) => Promise<i32>, value: i32): Promise<i32> {
  return step(value);
}

async function expressions<T>(value: T): Promise<void> {
  const plus = async function (n: i32): Promise<i32> {
    return n + (await pause(1));
  };
  print((await plus(1)).toString());
  print((await apply(async (n: i32): Promise<i32> => (await pause(n)) * 2, 21)).toString());
  const generic = async (other: T): Promise<T> => {
    await pause();
    return other;
  };
  print((await generic(value)) == value ? "same" : "different");
  async function inner(a: i32): Promise<i32> {
    const local = a;
    await pause();
    return local;
  }
  print((await inner(5)).toString());
}

async function contextual(): Promise<void> {
  const async = 5;
  let sum = async + 1;
  sum += async;
  print(sum.toString());
}

let log = "";

async function step(name: string, times: i32): Promise<void> {
  for (let i = 0; i < times; i++) {
    log += name;
    await pause();
  }
}

export async function main(): Promise<i32> {
  const sources: Source[] = [new Derived("d"), new Last("l"), new Other()];
  for (let i = 0; i < sources.length; i++) print((await sources[i].read(20)).toString());
  const opened = await Base.open("o");
  print(await opened.describe());
  print(await new Last("z").describe("(", ")"));
  print((await new Derived("a").async(1)).toString() + (await Derived.of("four")).toString());
  const box = await Box.wrap<string>("boxed");
  const pair = await box.both<f64>(1.5);
  print(pair.a + pair.b.toString());
  print((await new Box<u8>(200).get()).toString());
  print((await Tools.twice(2)).toString() + (await Tools.Deep.call()).toString());
  print((await identity("text")) + (await identity<u64>(1 << 40)).toString());
  await awaited<void>(step("v", 1));
  await Promise.all([step("x", 1), step("y", 2)]);
  print(await awaited(identity("x")));
  print((await defaults(1)) + "|" + (await defaults(1, 1)) + "|" + (await defaults(1, 2, 3, "e")));
  print(await optional());
  print((await changed(2)).toString() + (await countdown(3)).toString());
  print((await even(10)).toString() + (await odd(4)).toString());
  await expressions<string>("generic");
  await contextual();
  log = "";
  const a = step("a", 3);
  const b = step("b", 2);
  log += "!";
  await b;
  await a;
  print(log.substring(0, 3) + " " + log.length.toString());
  return 0;
}
