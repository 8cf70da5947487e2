/**
 * `std/path` against tables made by hand from Rust's documentation, and against node:path where
 * the two mean the same.
 */
import nodePath from "node:path";
import { assert, suite } from "../harness.js";
import { compileGuest, runGuest } from "./guest.js";

type Question = readonly [flavour: string, name: string, path: string, other?: string];
type Row = readonly [name: string, path: string, answer: string | null];
type PairRow = readonly [name: string, path: string, other: string, answer: string | null];

const posixRows: Row[] = [
  ["isAbsolute", "/a", "true"],
  ["isAbsolute", "a/b", "false"],
  ["isAbsolute", "", "false"],
  ["parent", "/foo/bar", "/foo"],
  ["parent", "/foo", "/"],
  ["parent", "/", null],
  ["parent", "", null],
  ["parent", "foo", ""],
  ["parent", "foo/bar/", "foo"],
  ["parent", "foo//bar", "foo"],
  ["parent", "foo/./bar", "foo"],
  ["parent", "foo/..", "foo"],
  ["parent", "/.", null],
  ["parent", ".", ""],
  ["fileName", "/usr/bin/", "bin"],
  ["fileName", "tmp/foo.txt", "foo.txt"],
  ["fileName", "foo.txt/.", "foo.txt"],
  ["fileName", "foo.txt/.//", "foo.txt"],
  ["fileName", "foo.txt/..", null],
  ["fileName", "/", null],
  ["fileName", "", null],
  ["fileName", ".", null],
  ["fileName", "C:\\a", "C:\\a"],
  ["fileStem", "foo.rs", "foo"],
  ["fileStem", "foo.tar.gz", "foo.tar"],
  ["fileStem", ".profile", ".profile"],
  ["fileStem", ".a.b", ".a"],
  ["fileStem", "/", null],
  ["extension", "foo.rs", "rs"],
  ["extension", "foo.tar.gz", "gz"],
  ["extension", "foo.", ""],
  ["extension", "foo", null],
  ["extension", ".profile", null],
  ["extension", "dir.d/file", null],
  ["extension", "..", null],
  ["components", "/tmp//foo/./bar.txt", "/|tmp|foo|bar.txt"],
  ["components", "./a/../b/", ".|a|..|b"],
  ["components", "a/.", "a"],
  ["components", "/", "/"],
  ["components", "", ""],
  ["normalize", "", "."],
  ["normalize", "/../a/./b//..", "/a"],
  ["normalize", "../../a/../", "../../"],
  ["ancestors", "/a/b.c", "/a/b.c|/a|/"],
  ["ancestors", "a/b", "a/b|a|"],
  ["separator", "", "/"],
];

const posixPairs: PairRow[] = [
  ["join", "/etc", "passwd", "/etc/passwd"],
  ["join", "/etc/", "passwd", "/etc/passwd"],
  ["join", "/etc", "/bin/sh", "/bin/sh"],
  ["join", "", "a", "a"],
  ["join", "a", "", "a/"],
  ["join", "a", "../b", "a/../b"],
  ["join", "a", "C:\\b", "a/C:\\b"],
  ["withExtension", "foo.rs", "txt", "foo.txt"],
  ["withExtension", "foo.tar.gz", "xz", "foo.tar.xz"],
  ["withExtension", "foo.tar.gz", "", "foo.tar"],
  ["withExtension", "a/foo", "txt", "a/foo.txt"],
  ["withExtension", "a/foo.d/", "txt", "a/foo.txt"],
  ["withExtension", "/", "txt", "/"],
  ["withExtension", "..", "txt", ".."],
  ["withFileName", "/a/b.c", "d", "/a/d"],
  ["withFileName", "b", "d", "d"],
  ["withFileName", "/", "d", "/d"],
  ["withFileName", "a/..", "d", "a/../d"],
  ["startsWith", "/etc/passwd", "/etc", "true"],
  ["startsWith", "/etc/passwd", "/etc/", "true"],
  ["startsWith", "/etc/passwd", "/e", "false"],
  ["startsWith", "/etc", "", "true"],
  ["startsWith", "/etc", "etc", "false"],
  ["endsWith", "/etc/resolv.conf", "resolv.conf", "true"],
  ["endsWith", "/etc/resolv.conf", "etc/resolv.conf", "true"],
  ["endsWith", "/etc/resolv.conf", "/resolv.conf", "false"],
  ["endsWith", "/etc/resolv.conf", "conf", "false"],
  ["stripPrefix", "/test/haha/foo.txt", "/test", "haha/foo.txt"],
  ["stripPrefix", "/test/haha/foo.txt", "/test/haha/foo.txt/", ""],
  ["stripPrefix", "/test/haha", "/", "test/haha"],
  ["stripPrefix", "/test/haha", "", "/test/haha"],
  ["stripPrefix", "/test/haha", "test", null],
  ["stripPrefix", "/test/haha", "/te", null],
  ["relative", "/a/b", "/a/c/d", "../c/d"],
  ["relative", "/a", "/a", "."],
  ["relative", "a", "a/b", "b"],
  ["relative", "a/../b", "c", "../c"],
  ["relative", "/a", "a", null],
  ["relative", "..", "a", null],
  ["relative", "../a", "../b", "../b"],
];

const windowsRows: Row[] = [
  ["isAbsolute", "C:\\a", "true"],
  ["isAbsolute", "C:/a", "true"],
  ["isAbsolute", "C:a", "false"],
  ["isAbsolute", "\\a", "false"],
  ["isAbsolute", "\\\\server\\share", "true"],
  ["isAbsolute", "\\\\?\\C:\\a", "true"],
  ["components", "C:\\a/b\\.\\c", "C:|\\|a|b|c"],
  ["components", "C:a", "C:|a"],
  ["components", "C:.\\a", "C:|.|a"],
  ["components", "\\\\server\\share\\a", "\\\\server\\share|\\|a"],
  ["components", "\\\\server\\share", "\\\\server\\share|\\"],
  ["components", "\\\\server", "\\|server"],
  ["components", "\\\\?\\UNC\\server\\share\\a", "\\\\?\\UNC\\server\\share|\\|a"],
  ["components", "\\\\?\\C:\\a/b", "\\\\?\\C:|\\|a/b"],
  ["components", "\\\\.\\COM1", "\\\\.\\COM1|\\"],
  ["components", "1:\\a", "1:|a"],
  ["parent", "C:\\a", "C:\\"],
  ["parent", "C:\\", null],
  ["parent", "C:a", "C:"],
  ["parent", "C:", null],
  ["parent", "\\\\server\\share\\a", "\\\\server\\share\\"],
  ["parent", "a\\b/c", "a\\b"],
  ["fileName", "C:\\a\\b.txt", "b.txt"],
  ["fileName", "C:", null],
  ["extension", "C:\\a.d\\b.txt", "txt"],
  ["normalize", "C:/a//b/../c/", "C:\\a\\c\\"],
  ["normalize", "\\\\server\\share", "\\\\server\\share\\"],
  ["normalize", "\\\\?\\C:\\a\\..\\b", "\\\\?\\C:\\a\\..\\b"],
  ["normalize", "a\\..\\C:x", ".\\C:x"],
  ["normalize", "\\\\\\a", "\\a"],
  ["normalize", "C:", "C:."],
  ["separator", "", "\\"],
];

const windowsPairs: PairRow[] = [
  ["join", "C:\\a", "b", "C:\\a\\b"],
  ["join", "C:\\a", "\\b", "C:\\b"],
  ["join", "C:\\a", "D:b", "D:b"],
  ["join", "C:", "b", "C:b"],
  ["join", "C:\\", "b", "C:\\b"],
  ["join", "a/", "b", "a/b"],
  ["join", "\\\\server\\share", "b", "\\\\server\\share\\b"],
  ["join", "\\\\server\\share\\a", "\\b", "\\\\server\\share\\b"],
  ["join", "a", "\\\\server\\share\\b", "\\\\server\\share\\b"],
  ["withExtension", "C:\\foo.rs", "txt", "C:\\foo.txt"],
  ["withFileName", "C:\\a\\b.c", "d", "C:\\a\\d"],
  ["startsWith", "C:\\Users\\x", "c:/users", "true"],
  ["startsWith", "C:\\Users", "D:\\Users", "false"],
  ["endsWith", "C:\\a\\B.c", "a/b.C", "true"],
  ["stripPrefix", "C:\\a\\b", "C:\\", "a\\b"],
  ["stripPrefix", "C:\\a\\b", "C:", "\\a\\b"],
  ["relative", "C:\\Foo\\bar", "c:\\foo\\BAZ", "..\\BAZ"],
  ["relative", "C:\\a", "D:\\a", null],
  ["relative", "C:\\a", "C:a", null],
  ["relative", "a", "a\\C:x", ".\\C:x"],
  ["relative", "//server/share/a", "\\\\server\\share\\b", "..\\b"],
];

const test = suite("std/path");
let wasm = "";
test.before(async () => {
  wasm = await compileGuest("std/path.ts");
});

for (const [flavour, rows, pairs] of [
  ["posix", posixRows, posixPairs],
  ["windows", windowsRows, windowsPairs],
] as const) {
  test(`${flavour}: the table`, async () => {
    const questions: Question[] = [
      ...rows.map(([name, path]): Question => [flavour, name, path]),
      ...pairs.map(([name, path, other]): Question => [flavour, name, path, other]),
    ];
    const wanted = [...rows.map((row) => row[2]), ...pairs.map((row) => row[3])];
    const answers = await ask(questions);
    for (const [i, question] of questions.entries()) {
      assert.is(answers[i], wanted[i] ?? "<null>", question.join(" "));
    }
  });
}

test("the default flavour is this system's", async () => {
  assert.is((await ask([["native", "separator", ""]]))[0], nodePath.sep);
});

test("normalize, isAbsolute and relative agree with node:path on generated paths", async () => {
  const pieces = ["a", "b", ".", "..", "/", "//", "c", "x.y", ".z", "w.", "...", "name"];
  const random = xorshift(2026);
  const path = (): string => {
    let text = "";
    for (let left = random(8); left > 0; left--) {
      text += pieces[random(pieces.length)] + (random(2) > 0 ? "/" : "");
    }
    return text;
  };
  const questions: Question[] = [];
  const wanted: string[] = [];
  const expect = (answer: string, ...question: Question): void => {
    questions.push(question);
    wanted.push(answer);
  };
  for (let i = 0; i < 3000; i++) {
    const [a, b] = [path(), path()];
    expect(nodePath.posix.normalize(a), "posix", "normalize", a);
    expect(String(nodePath.posix.isAbsolute(a)), "posix", "isAbsolute", a);
    const [from, to] = [`/${a}`, `/${b}`];
    expect(nodePath.posix.relative(from, to) || ".", "posix", "relative", from, to);
    const drive = `C:/${a}`;
    expect(nodePath.win32.normalize(drive), "windows", "normalize", drive);
    expect(nodePath.win32.normalize(`x${a}`), "windows", "normalize", `x${a}`);
  }
  const answers = await ask(questions);
  for (const [i, question] of questions.entries()) {
    assert.is(answers[i], wanted[i], question.join(" "));
  }
});

test.run();

async function ask(questions: Question[]): Promise<string[]> {
  const lines = questions.map(([flavour, name, path, other = ""]) =>
    `${flavour}\t${name}\t${path}\t${other}\n`);
  const { code, stdout, stderr } = await runGuest(wasm, { input: lines.join("") });
  assert.is(stderr, "");
  assert.is(code, 0);
  return stdout.split("\n").slice(0, -1);
}

function xorshift(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}
