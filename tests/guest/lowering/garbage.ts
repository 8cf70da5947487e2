import { pause, print } from "./support";

// The garbage collector runs while tasks are suspended: it must keep what they hold, in variables,
// in arguments that are being computed and in fields, and nothing else.

let live: i32 = 0;

class Thing {
  text: string;
  next: Thing | null = null;

  constructor(public id: i32) {
    live++;
    this.text = "thing " + id.toString();
  }
}

// @ts-ignore: decorator
@external("test", "live")
declare function reportLive(objects: i32): void;

/** Fills freed memory with something else, so that a lost object does not look alive. */
function churn(): void {
  __collect();
  for (let i = 0; i < 200; i++) {
    const junk = new StaticArray<u8>(16 + (i % 64));
    memory.fill(changetype<usize>(junk), 0xaa, junk.length);
  }
  __collect();
}

function describe(a: Thing, b: string, c: Thing): string {
  return a.text + b + c.text;
}

async function make(id: i32): Promise<Thing> {
  const thing = new Thing(id);
  churn();
  await pause();
  churn();
  return thing;
}

async function holder(id: i32): Promise<string> {
  const mine = new Thing(id);
  mine.next = await make(id + 1);
  churn();
  const words = [mine.text];
  for (let i = 0; i < 3; i++) {
    words.push((await make(i)).text);
    const line = describe(new Thing(id + 100), ` and ${(await make(i)).text} and `, await make(50));
    words.push(line.length.toString());
    churn();
  }
  return words.join(",") + "," + mine.next!.text;
}

class Owner {
  private things: Thing[] = [];

  async fill(count: i32): Promise<this> {
    for (let i = 0; i < count; i++) this.things.push(await make(i));
    return this;
  }

  get text(): string {
    return this.things.map<string>((thing) => thing.id.toString()).join("+");
  }
}

async function forget(count: i32): Promise<void> {
  for (let i = 0; i < count; i++) {
    const block = new StaticArray<u8>(64 * 1024);
    await pause(block.length);
  }
}

export async function main(): Promise<i32> {
  const holders = [holder(10), holder(20), holder(30)];
  const owner = new Owner().fill(4);
  for (let i = 0; i < holders.length; i++) print(await holders[i]);
  churn();
  print((await owner).text);
  await forget(10);
  __collect();
  const before = memory.size();
  await forget(400);
  __collect();
  // 400 blocks of one page each, held one at a time: they must not pile up.
  print(memory.size() - before < 64 ? "bounded" : `grew by ${memory.size() - before} pages`);
  reportLive(live);
  return 0;
}
