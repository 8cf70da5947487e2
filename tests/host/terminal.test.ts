/** What happens to a raw terminal when not the guest but the host itself comes to grief. */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { assert, root, suite } from "../harness.js";
import { hasTerminals, Terminal } from "../terminal.js";

const test = suite("raw terminals");

/** Makes the controlling terminal raw, and ends in some way once a key is pressed. */
function script(ending: string): string {
  const helper = pathToFileURL(join(root, "dist/tests/native/helper.js")).href;
  return `import(${JSON.stringify(helper)}).then(({ Driver, addon }) => {
    const fs = require("fs");
    const descriptor = fs.openSync("/dev/tty", "r+");
    const driver = new Driver();
    if (addon.terminal(driver.handle, descriptor, 2, 1) !== 0) process.exit(9);
    fs.writeSync(descriptor, "ready");
    fs.readSync(descriptor, Buffer.alloc(1));
    ${ending};
  });`;
}

const endings = [
  ["an error that nobody catches", `throw new Error("on purpose")`, 1],
  ["process.exit", "process.exit(3)", 3],
] as const;

for (const [what, ending, code] of endings) {
  if (!hasTerminals()) {
    test.skip(what, "no C compiler");
    continue;
  }
  // Without the terminal as a standard stream, which Node itself would put back.
  test(what, async () => {
    const hidden = `exec "$0" "$@" </dev/null >/dev/null 2>&1`;
    const words = ["-c", hidden, process.execPath, "-e", script(ending)];
    const terminal = new Terminal("sh", words, {});
    await terminal.shows("ready");
    assert.is(await terminal.mode(), "raw");
    terminal.type("x");
    assert.is(await terminal.ends(), code);
    assert.is(await terminal.mode(), "cooked");
    await terminal.close();
  });
}

test.run();
