/** What writing several buffers as one must do: `tests/guest/std/vectored.ts` does it. */
import { assert, suite, tempDir, type ExecResult, type Suite } from "../harness.js";
import { compileGuest } from "../std/guest.js";
import type { Variant } from "./backends.js";

/** Cases about files that need nothing but an empty directory. */
const fileCases = {
  files: "files take all of it, at the cursor or at their end",
  positions: "several at once each have their place, and clones have one cursor",
  many: "more buffers than the system takes at once",
} as const;

/** Cases that need the system. */
const systemCases = {
  fileErrors: "an error names the file, and the buffers come back",
  pipes: "a write that was short goes on where it stopped",
  broken: "nobody reads: an error, and no signal",
  sockets: "sockets get it in order",
  streams: "20 MB to a connection that takes less",
  cancel: "one that is cancelled says how much was written, and gives the buffers back",
  writers: "other writers get one buffer after the other",
} as const;

type Run = (name: string) => Promise<ExecResult>;

/** Runs the suite on a backend. */
export function vectoredConformance(variant: Variant): void {
  const { test, run } = begin(variant);
  addCases(test, run, { ...fileCases, ...systemCases });
  test("the standard output", async () => {
    const { code, stdout } = await run("print");
    assert.is(stdout, "Hello, world!\n");
    assert.is(code, 0);
  });
  test("touching what is lent ends the app, and so does lending it twice", async () => {
    for (const name of ["lent", "twice"]) {
      const { code, stderr } = await run(name);
      assert.match(stderr, /buffer is lent/);
      assert.is(code, 134);
    }
  });
  test.run();
}

/** Runs what is about files, on a tree that is not the system's. */
export function vectoredFilesConformance(variant: Variant): void {
  const { test, run } = begin(variant);
  addCases(test, run, fileCases);
  test.run();
}

function begin(variant: Variant): { test: Suite; run: Run } {
  const test = suite(`vectored writes on ${variant.name}`, { timeout: 60_000 });
  let wasm = "";
  test.before(async () => {
    wasm = await compileGuest("std/vectored.ts");
  });
  return { test, run: (name) => variant.run(wasm, { args: [name, tempDir("vectored")] }) };
}

function addCases(test: Suite, run: Run, cases: Readonly<Record<string, string>>): void {
  for (const [name, title] of Object.entries(cases)) {
    test(title, async () => {
      const { code, stdout, stderr } = await run(name);
      assert.is(stderr, "");
      assert.is(stdout, "ok\n");
      assert.is(code, 0);
    });
  }
}
