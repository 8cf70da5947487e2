/** Signals of a process in which several guests live, in threads of their own, beside an app. */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Conversation } from "../conversation.js";
import { assert, root, suite } from "../harness.js";
import { compileGuest } from "../std/guest.js";

const test = suite("signals of an embedder", { timeout: 60_000 });

/** Runs the guest twice, each in a worker; the application has a handler of its own. */
const application = `
  const { Worker } = require("node:worker_threads");
  const [index, wasm] = process.argv.slice(1);
  const guest = \`
    const { workerData, parentPort } = require("node:worker_threads");
    const { readFileSync } = require("node:fs");
    import(workerData.index).then(({ ContextBuilder, Instance, inherited }) => {
      const module = new WebAssembly.Module(readFileSync(workerData.wasm));
      const context = new ContextBuilder().args(["app", "told"]).signals()
        .stdout(inherited(1)).stderr(inherited(2)).build();
      parentPort.postMessage(new Instance(module, context).runBlocking());
    });\`;
  process.on("SIGINT", () => { console.log("own"); process.exit(5); });
  const codes = [];
  for (let i = 0; i < 2; i++) {
    new Worker(guest, { eval: true, workerData: { index, wasm } }).on("message", (code) => {
      codes.push(code);
      if (codes.length === 2) console.log("codes " + codes);
    });
  }
  setInterval(() => {}, 1000);
`;

test("each guest is told, and afterwards the application's handler is", async () => {
  const index = pathToFileURL(join(root, "dist/host/index.js")).href;
  const wasm = await compileGuest("std/signal.ts");
  const talk = new Conversation(process.execPath, ["-e", application, index, wasm]);
  await talk.expect("ready");
  await talk.expect("ready");
  talk.kill("SIGINT");
  await talk.expect("ok");
  await talk.expect("ok");
  await talk.expect("codes 0,0");
  talk.kill("SIGINT");
  await talk.expect("own");
  assert.equal(await talk.end(), { code: 5, signal: null });
});

test.run();
