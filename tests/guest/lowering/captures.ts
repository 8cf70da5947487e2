// Async functions in functions use names that are declared around them too, without meaning those.
import { yieldNow } from "std/rt";
// @ts-ignore: decorator
@external("test", "print")
declare function print(message: string): void;

class Pair {
  q: i32 = 0;
  r: i32 = 0;
}

const w: i32 = 9;

export async function main(): Promise<void> {
  const q = 1;
  const Pair2 = 2;
  print((q + Pair2).toString());
  const literal = async (): Promise<i32> => {
    const pair: Pair = { q: 5, r: 6 };
    await yieldNow();
    return pair.q + pair.r;
  };
  const parameter = async (): Promise<i32> => {
    const f = (q: i32): i32 => q + 1;
    return f(2);
  };
  {
    const inner = 5;
    const w = 1;
    print((inner + w).toString());
  }
  const finished = async (): Promise<i32> => {
    const inner = 7;
    await yieldNow();
    return inner + w;
  };
  for (let i = 0; i < 1; i++) print(i.toString());
  const label = 8;
  print(label.toString());
  const labelled = async (): Promise<i32> => {
    let i = 3;
    label: while (true) {
      while (true) {
        if (i++ > 4) break label;
      }
    }
    return i;
  };
  const blocks = async (pair: Pair): Promise<i32> => {
    switch (pair.q) {
      case 0:
        const q = 4;
        return q;
    }
    for (let q = 3; q < 4; q++) return q;
    return 1;
  };
  const named = async (): Promise<i32> => {
    const pair: Pair = { q: w, r: 1 };
    const h = function q(n: i32): i32 { return n; };
    return pair.q + h(pair.r);
  };
  print((await literal()).toString() + " " + (await parameter()).toString());
  print((await finished()).toString() + " " + (await labelled()).toString());
  print((await blocks(new Pair())).toString() + " " + (await named()).toString());
}
