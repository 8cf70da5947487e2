/** The numbers of AssemblyScript that std-shim repeats are AssemblyScript's. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as assemblyscript from "assemblyscript";
import { assert, root, suite } from "../harness.js";

const test = suite("lowering internals");
const source = readFileSync(join(root, "std-shim/internals.ts"), "utf8");

test("every enum has the numbers of the installed compiler", () => {
  const originals = assemblyscript as unknown as Record<string, Record<string, number>>;
  let compared = 0;
  for (const [, name, body] of source.matchAll(/export const enum (\w+) \{([^}]*)\}/g)) {
    for (const [, member, value] of body!.matchAll(/(\w+) = (\d+),/g)) {
      assert.is(originals[name!]?.[member!], Number(value), `${name}.${member}`);
      compared++;
    }
  }
  assert.ok(compared > 60);
});

test("the version is the one that package.json pins", () => {
  const { dependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    dependencies: Record<string, string>;
  };
  const [, version] = /supportedVersion = "([^"]*)"/.exec(source)!;
  assert.is(dependencies["assemblyscript"], version);
});

test.run();
