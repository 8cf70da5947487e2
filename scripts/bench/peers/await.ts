/** Node: task switches and awaited calls. `await switch|call|task COUNT` */
const [what, count] = process.argv.slice(2);
const operations = Number(count);
const tasks = 1000;
let sum = 0;

async function switcher(rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round++) await null;
  sum += rounds;
}

async function add(a: number, b: number): Promise<number> {
  return (a + b) | 0;
}

async function switches(): Promise<void> {
  await Promise.all(Array.from({ length: tasks }, () => switcher(operations / tasks)));
}

async function calls(): Promise<void> {
  for (let index = 0; index < operations; index++) sum = await add(sum, index);
}

async function startedCalls(): Promise<void> {
  for (let index = 0; index < operations; index++) {
    const promise = add(sum, index);
    sum = await promise;
  }
}

const began = performance.now();
await (what === "switch" ? switches() : what === "call" ? calls() : startedCalls());
console.log(`seconds=${(performance.now() - began) / 1000} sum=${sum}`);
