/**
 * What people write first who come from JavaScript, and what to write instead: the one place where
 * AssemblyScript's own words are replaced. `messages.ts` looks things up here. It is written for
 * somebody who knows TypeScript, and says no more than what fits into one or two sentences.
 */
import { NodeKind } from "./internals.js";
import type { Place } from "./places.js";

/** Syntax that AssemblyScript does not have; `foreign-syntax.ts` recognises it. */
export const syntax = {
  optionalChain:
    "'?.' is not supported. Ask first: 'if (a !== null)', and inside of it a is not null.",
  nullish: "'??' and '??=' are not supported. Write: a !== null ? a : b",
  logicalAssignment: "This assignment is not supported. Write: a = a || b, or a = a && b",
  destructuring:
    "Destructuring is not supported. Take the parts one by one: const a = object.a; " +
    "const b = list[0];",
  spreadObject: "Spread ('...') is not supported. Name the fields, in an object of a class.",
  objectLiteral:
    "An object literal has only fields with plain names, and is of a class that declares them: " +
    "const a: Point = { x: 1 };",
  objectType: "A type is not written in place. Declare it: class Point { x: i32 = 0; }",
  forIn: "'for…in' is not supported. Take the 'keys()' of a Map, or count: for (let i = 0; …)",
};

/** The names that stand in the place of syntax which is only refused where it is compiled. */
export const marks = { try: "~try", forOf: "~of" };

const iterators =
  "'for…of' is not supported. Count: " +
  "for (let i = 0; i < list.length; i++) { const x = list[i]; … }";
const exceptions =
  "Exceptions cannot be caught. Errors are values: what can fail gives a Result, so ask " +
  "'if (result.isErr)'. What 'finally' would do, write behind it.";

/** Names that are not there, and what takes their place. */
const names: Readonly<Record<string, string>> = {
  setTimeout: "Await 'sleep(Duration.fromMillis(ms))' of \"std/time\".",
  setInterval: "Take 'interval' of \"std/time\".",
  setImmediate: "Await 'yieldNow()' of \"std/rt\".",
  queueMicrotask: "Call an async function, or await 'yieldNow()' of \"std/rt\".",
  clearTimeout: "Cancel the promise: 'promise.cancel()'.",
  clearInterval: "Leave the loop that awaits the ticks.",
  fetch: "There is no HTTP client. Connections are 'TcpStream' of \"std/net\".",
  XMLHttpRequest: "There is no HTTP client. Connections are 'TcpStream' of \"std/net\".",
  WebSocket: "Connections are 'TcpStream' and 'TcpListener' of \"std/net\".",
  require: "Write: import { println } from \"std/io\";",
  module: "Write 'export' before what others shall see.",
  Buffer: "Take 'Vec<u8>' of \"std/vec\".",
  TextEncoder: "Take 'String.UTF8.encode(text)'.",
  TextDecoder: "Take 'String.UTF8.decode(buffer)'.",
  AbortController: "A promise is cancelled: 'promise.cancel()'.",
  EventEmitter: "Await what shall happen, in a loop.",
  JSON: "There is no JSON here. Take a package of AssemblyScript's.",
  undefined: "Take 'null', of a type that says '| null'.",
  any: "Say what it is: i32, f64, string, a class, …",
  unknown: "Say what it is: i32, f64, string, a class, …",
  globalThis: "Import what you need from std.",
  window: "Import what you need from std.",
  __dirname: "The folder that the app runs in is 'currentDir()' of \"std/env\".",
  __filename: "The arguments of the app are 'args()' of \"std/env\".",
};

/** What AssemblyScript has a browser or Node.js do, by its name or that of its object. */
const objects: Readonly<Record<string, string>> = {
  console: "Write with 'println' or 'eprintln' of \"std/io\".",
  Date: "Take 'SystemTime.now()' of \"std/time\".",
  performance: "Take 'Instant.now()' of \"std/time\".",
  crypto: "Take 'fill' of \"std/random\".",
  process: "Arguments and variables are in \"std/env\", streams in \"std/io\".",
  "process.exit": "Take 'exit' of \"std/process\", or return the code from 'main'.",
};

const nodeModules: Readonly<Record<string, string>> = {
  fs: "std/fs", "fs/promises": "std/fs", path: "std/path", net: "std/net", dgram: "std/net",
  http: "std/net", https: "std/net", dns: "std/net", child_process: "std/process",
  process: "std/env and std/process", os: "std/env", crypto: "std/random", tty: "std/tty",
  timers: "std/time", "timers/promises": "std/time", readline: "std/io",
  "readline/promises": "std/io", stream: "std/io", "stream/promises": "std/io",
  buffer: "std/vec", perf_hooks: "std/time", events: "std/rt", util: "", assert: "", url: "",
  zlib: "", cluster: "", worker_threads: "", vm: "", test: "",
};

/** What to say of a module that is Node.js's; null of any other. */
export function ofModule(name: string): string | null {
  const own = name.replace(/^node:/, "");
  const instead = Object.hasOwn(nodeModules, own) ? nodeModules[own] : undefined;
  if (instead === undefined && own === name) return null;
  const advice = instead ? `Take ${instead}.` : "An app imports from std.";
  return `'${name}' is Node.js's, which is not there. ${advice}`;
}

/** What to say of something that a browser or Node.js would do: `console.log`, `process.exit`. */
export function ofBinding(name: string): string {
  const [object = ""] = name.split(".");
  return `'${name}' is not there. ` +
    (objects[name] ?? objects[object] ?? "An app imports from std alone.");
}

const methods: Readonly<Record<string, string>> = {
  then: "A promise has no 'then'. Await it: 'const value = await promise;', and go on below.",
  catch: "A promise has no 'catch'. Errors are values: await it, and ask 'if (result.isErr)'.",
  finally: "A promise has no 'finally'. Await it, and write below what shall follow.",
};

const statics: Readonly<Record<string, string>> = {
  reject: "A promise is never rejected. Errors are values: return a Result.",
  any: "There is no 'Promise.any'. Take 'Promise.race', and look at the Result that comes first.",
  allSettled: "There is no 'Promise.allSettled'. Take 'Promise.all': each value may be a Result.",
};

const executor =
  "A promise takes no function. Make it, 'const done = new Promise<i32>();', and settle it later " +
  "with 'done.fulfill(value)'; what is async by itself is just awaited.";

const closures = (name: string): string =>
  `Closures are not supported: this function would capture '${name}'. ` +
  "Write a loop in its place, or hand over an object that has it.";

const regularExpressions =
  "There are no regular expressions. Look with 'indexOf', 'startsWith', 'split', or byte by byte.";

const awaiting = ({ isAsync }: Place): string =>
  `Did you forget 'await'?${isAsync ? "" : " The function around it is async then."}`;

/** One of AssemblyScript's messages, and what to say instead; null where that is not meant. */
interface Rule {
  readonly codes: readonly number[];
  readonly said: RegExp;
  say(match: readonly string[], at: Place): string | null;
}

const notImplemented: Readonly<Record<string, (at: Place) => string>> = {
  Closures: ({ text }) => closures(text),
  Exceptions: () => exceptions,
  Iterators: () => iterators,
  "Spread operator": () => "Spread ('...') is not supported. Take 'concat', or push in a loop.",
  "Regular expressions": () => regularExpressions,
};

const rules: readonly Rule[] = [
  {
    codes: [100], said: /^Not implemented: (.*)$/,
    say: ([, what = ""], at) => notImplemented[what]?.(at) ?? null,
  },
  {
    codes: [2304], said: /^Cannot find name '(.*)'\.$/,
    say: ([, name = ""]) =>
      Object.hasOwn(names, name) ? `'${name}' is not there. ${names[name]}` : null,
  },
  {
    codes: [2339], said: /^Property '(then|catch|finally)' does not exist on type 'Promise<.*'\.$/,
    say: ([, name = ""]) => methods[name]!,
  },
  {
    codes: [2339], said: /^Property '(\w+)' does not exist on type 'Promise'\.$/,
    say: ([, name = ""]) => Object.hasOwn(statics, name) ? statics[name]! : null,
  },
  {
    codes: [1140, 2554, 2558], said: /^/,
    say: (_, { made }) => /^new\s+Promise\b[^(]*\((?!\s*\))/.test(made) ? executor : null,
  },
  {
    codes: [2332, 2339], said: /^/,
    say: (_, { capturesThis }) => capturesThis ? closures("this") : null,
  },
  {
    codes: [2540], said: /^Cannot assign to 'Array<.*>'/,
    say: (_, { text }) => text.startsWith("[") ? syntax.destructuring : null,
  },
  {
    codes: [2322], said: /^Type '<object>' is not assignable to type '(auto|void)'\.$/,
    say: () => syntax.objectLiteral,
  },
  {
    codes: [2322], said: /^.* assignable to type 'Promise<.*>'\.$/,
    say: ([message = ""], at) => {
      if (at.statement === NodeKind.Switch) return `${message} ${awaiting(at)}`;
      if (at.statement !== NodeKind.Return || at.isAsync) return null;
      return `${message} Write 'async' before the function, or return Promise.resolve(…).`;
    },
  },
  {
    codes: [200, 203, 1345, 2322, 2329, 2339, 2349, 2365, 2469],
    said: /^(?!.*assignable to type 'Promise<).*'Promise<.*>'.*$/,
    say: ([message = ""], at) => `${message} ${awaiting(at)}`,
  },
  {
    codes: [200, 203, 2322, 2329, 2339, 2365, 2469],
    said: /^(?!.*assignable to type '(Buf)?Result<).*'(Buf)?Result<.*>'.*$/,
    say: ([message = ""]) => `${message} A Result has it when 'isOk': 'unwrap()' gives it.`,
  },
];

/** What to say instead of a message of AssemblyScript's; null when it is to stay. */
export function instead(code: number, message: string, at: Place): string | null {
  for (const rule of rules) {
    const match = rule.codes.includes(code) ? rule.said.exec(message) : null;
    const advice = match && rule.say(match, at);
    if (advice) return advice;
  }
  return null;
}

/** The code "Not implemented", which is that of what was recognised by such a name as well. */
const notThere = 100;

/** What a name says that stands for syntax, with its code; null of any other name. */
export function ofMark(message: string): { code: number; message: string } | null {
  const [, name] = /^Cannot find name '(~\w+)'/.exec(message) ?? [];
  if (name === marks.try) return { code: notThere, message: exceptions };
  return name === marks.forOf ? { code: notThere, message: iterators } : null;
}
