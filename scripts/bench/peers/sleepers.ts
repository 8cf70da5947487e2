/** Node: many tasks asleep at the same time, each for one to two seconds. `sleepers COUNT` */
const count = Number(process.argv[2]);
let awake = 0;
let state = 1;

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => { setTimeout(resolve, milliseconds); });
}

async function sleeper(milliseconds: number): Promise<void> {
  await sleep(milliseconds);
  awake++;
}

const tasks: Promise<void>[] = [];
for (let index = 0; index < count; index++) {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  tasks.push(sleeper(1000 + (state >>> 0) % 1000));
}
console.log("asleep");
await Promise.all(tasks);
console.log(`awake=${awake}`);
await sleep(60_000);
