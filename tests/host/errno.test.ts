/** Error numbers: the host's table against what Node knows of this machine. */
import { constants } from "node:os";
import { Errno } from "../../host/abi.js";
import { errorText } from "../../host/error-text.js";
import { errnoOf } from "../../host/errno.js";
import { assert, suite } from "../harness.js";

/** The name of each error, in the order of their numbers. */
const names = Array.from({ length: Errno.ENOTCAPABLE + 1 }, (_, errno) =>
  /\((.*)\)/.exec(errorText(errno) ?? "")?.[1] ?? "");

const test = suite("host: errno");

test("every error that Node knows by name has its counterpart", () => {
  for (const [name, number] of Object.entries(constants.errno)) {
    // Its number is EAGAIN's or ENOTSUP's here, and WASI has no other.
    const wanted = { EWOULDBLOCK: "EAGAIN", EOPNOTSUPP: "ENOTSUP" }[name] ?? name;
    const text = errorText(errnoOf(number)) ?? "";
    // What WASI does not have is EIO.
    assert.match(text, names.includes(wanted) ? `(${wanted})` : "(EIO)", `${name} = ${number}`);
  }
});

test("numbers that are no error become EIO", () => {
  for (const number of [0, 41, 9999, -1, NaN]) assert.is(errnoOf(number), Errno.EIO);
});

test("every error has a text that names it, and nothing else has", () => {
  assert.is(new Set(names).size, Errno.ENOTCAPABLE + 1);
  assert.is(names[Errno.ENOENT], "ENOENT");
  assert.is(names[Errno.EXDEV], "EXDEV");
  for (const number of [77, -1, 1e9]) assert.is(errorText(number), undefined);
});

test.run();
