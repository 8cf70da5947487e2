/** The words for errors. */
import { Errno } from "../../host/abi.js";
import { errorText } from "../../host/error-text.js";
import { assert, suite } from "../harness.js";

/** The name of each error, in the order of their numbers. */
const names = Array.from({ length: Errno.ENOTCAPABLE + 1 }, (_, errno) =>
  /\((.*)\)/.exec(errorText(errno))?.[1] ?? "");

const test = suite("host: error texts");

test("every error has a text that names it, and what is none has its number", () => {
  assert.is(new Set(names).size, Errno.ENOTCAPABLE + 1);
  assert.is(names[Errno.ENOENT], "ENOENT");
  assert.is(names[Errno.EXDEV], "EXDEV");
  for (const number of [77, -1, 1e9]) assert.is(errorText(number), `error ${number}`);
});

test.run();
