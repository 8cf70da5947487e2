/** What an app may die of, by number: the section of its wasm. */
import { COMMON_WORDS, failureSection, readFailure } from "../../host/failure-section.js";
import { assert, suite } from "../harness.js";

const test = suite("host failure-section");

const failures = [
  { text: "buffer is lent", file: "", line: 0, column: 0 },
  { text: "Index out of range", file: "~lib/array.ts", line: 114, column: 41 },
  { text: "", file: "app.ts", line: 70_000, column: 1 },
  { text: "größer als 🙂 ".repeat(20), file: "app.ts", line: 3, column: 128 },
  { text: "", file: "", line: 0, column: 0 },
];

test("each failure is read as it was written", () => {
  const section = failureSection(failures);
  for (const [number, failure] of failures.entries()) {
    assert.equal(readFailure(section, number), failure);
  }
  assert.is(readFailure(section, failures.length), undefined);
  assert.is(readFailure(section, 2 ** 32 - 1), undefined);
});

test("what every host knows stands in no section", () => {
  const [text = "", file = ""] = ["Index out of range", "~lib/rt/itcms.ts"];
  assert.ok(failureSection([{ text, file, line: 1, column: 1 }]).length < 8);
  assert.is(new Set(COMMON_WORDS).size, COMMON_WORDS.length);
});

test("words of a newer compiler are words that this host does not know", () => {
  // Two common words more than there are here; the failure has the last of them.
  const section = Uint8Array.of(COMMON_WORDS.length + 2, 0, COMMON_WORDS.length + 2, 0);
  assert.is(readFailure(section, 0), undefined);
});

test("a section that is cut off or scribbled over is read to some end", () => {
  const section = failureSection(failures);
  for (let length = 0; length < section.length; length++) {
    for (const number of [0, 4, 1000]) readFailure(section.subarray(0, length), number);
    const broken = section.slice();
    broken.fill(0xff, length);
    readFailure(broken, 4);
  }
});

test.run();
