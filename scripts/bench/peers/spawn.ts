/** Starts a program and waits for it, again and again. Arguments: program, how often. */
import { spawn } from "node:child_process";

const [program = "", count = "0"] = process.argv.slice(2);
let bad = 0;

function once(): Promise<void> {
  return new Promise((resolve) => {
    const child = spawn(program, [], { stdio: "inherit" });
    child.on("error", () => bad++);
    child.on("exit", (code) => {
      if (code !== 0) bad++;
      resolve();
    });
  });
}

const began = performance.now();
for (let index = 0; index < Number(count); index++) await once();
const seconds = (performance.now() - began) / 1000;
console.log(`seconds=${seconds} operations=${count} bad=${bad}`);
