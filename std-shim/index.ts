/**
 * The transform. It makes AssemblyScript find `std/*`, understand `async` and `await`, and produce
 * a wasm that the host can run. Code with neither it leaves as it is; see `target.ts` for apps.
 */
import type { FunctionDeclaration, Parser, Program, Range, Source } from "assemblyscript";
import type binaryen from "assemblyscript/binaryen";
import { ofModule } from "./advice.js";
import { addSuspension, type Suspension } from "./asyncify.js";
import { refuseBindings } from "./bindings.js";
import { locateCalls } from "./debug-locations.js";
import { Dropped } from "./dropped.js";
import { CompoundAssignments } from "./compound.js";
import { DirectCalls, valueFunction } from "./direct-calls.js";
import { report } from "./diagnostics.js";
import {
  addEntry, entryModule, findMain, mayExportMain, missingMain, topLevelExport,
} from "./entry.js";
import { inferStdGenerics } from "./generics.js";
import {
  DiagnosticCategory, isKind, type NodeFactory, NodeKind, Runtime, SourceKind, supportedVersion,
} from "./internals.js";
import { hookForeignSyntax } from "./foreign-syntax.js";
import { addOwnNames } from "./hygiene.js";
import { resolveLabel } from "./labels.js";
import { Messages } from "./messages.js";
import { hideNames, hideSourceMapUrl } from "./names.js";
import { Lowering } from "./lowering.js";
import { giveNull } from "./optional-parameters.js";
import { hookParser, type SyntaxHandler } from "./parser-hooks.js";
import { declaredPromise, resolveVoid, usesPromise } from "./promises.js";
import { pruneRoots } from "./roots.js";
import { allowVoidArrays } from "./void-arrays.js";
import { isStd, modules, readStd, stdPrefix } from "./resolve.js";

const entryPath = `~lib/${entryModule}`;
const tasksPath = `${stdPrefix}rt/tasks`;

/** Bytes of stack: AssemblyScript's own default, and ours, for nested calls and their frames. */
const defaultStackSize = 32 * 1024;
const stackSize = 256 * 1024;

/** Which functions of ours take the place of AssemblyScript's. */
const aliases = {
  abort: "abi/imports/abort",
  seed: "rt/host/seed",
  trace: "rt/host/trace",
  __alloc: "rt/heap/allocate",
  __free: "rt/heap/release",
  __realloc: "rt/heap/reallocate",
};

/** In debug builds, which know the chain of async calls, a message has it. */
const debugAliases = {
  ...aliases,
  abort: "rt/panic/abort",
  __asyncChain: "rt/panic/asyncChain",
};

const invalid =
  "AssemblyScript has compiled this program to a module that is not valid, which is a fault of " +
  "the compiler's. What is wrong, and in which function, stands above. In '~start', which is the " +
  "top-level code, it is mostly a call of an '@inline' function: do without '@inline' there.";

const reserved = "'Promise' is reserved in a file with async functions: it is what they return.";

/** Marks a program that has a transform of ours, be it from another copy of this package. */
const installed = Symbol.for("std-shim");

/** The transform. asc puts `program` and `binaryen` on the prototype before it makes one. */
export default class StdTransform {
  declare readonly program: Program;
  declare readonly binaryen: typeof binaryen;
  /** What the last compilation came to; null when nothing in it can suspend. */
  suspension: Suspension | null = null;
  private readonly lowering: Lowering;
  /** The command line and a configuration file may both name us: then one of us does nothing. */
  private readonly isSecond: boolean;
  private readonly messages: Messages;
  private readonly dropped = new Dropped(({ code, message }, range) =>
    report(this.program, code, message, range, DiagnosticCategory.Warning));
  private usesRuntime = false;
  /** A program with a `main` is an app, whatever it uses. */
  private mainIsApp = false;
  /** One without is refused. */
  private needsMain = false;
  /** The program is such an app. */
  private hasMain = false;

  constructor() {
    const { program } = this;
    this.isSecond = installed in program;
    checkVersion(program);
    const node = Object.getPrototypeOf(program.nativeFile.source.constructor) as NodeFactory;
    this.messages = this.isSecond
      ? this.first.messages
      : new Messages(program, () => this.refuseBindings());
    const { messages } = this;
    const refuse = messages.hold.bind(messages);
    const lose = messages.lose.bind(messages);
    const direct = new DirectCalls();
    const { debugInfo: debug } = program.options;
    const compound = new CompoundAssignments(node, valueFunction);
    const lowering = new Lowering({ node, debug, direct, compound, refuse, lose });
    this.lowering = lowering;
    const handler: SyntaxHandler = {
      load: (path, text) => this.load(path, text),
      parsed: (source) => this.parsed(source),
      awaited: (...args) => lowering.awaited(...args),
      asyncFunction: (...args) => lowering.asyncFunction(...args),
      asyncMethod: (...args) => lowering.asyncMethod(...args),
      asyncExpression: (...args) => lowering.asyncExpression(...args),
      name: (text, range) => node.createIdentifierExpression(text, range),
      labelled: (label, statement) => resolveLabel(label, statement, node),
      refuse,
    };
    if (this.isSecond) return;
    Object.defineProperty(program, installed, { value: this });
    hookParser(program.parser, handler);
    hookForeignSyntax(program.parser, node, {
      refuse: (message, range) => refuse(100, message, range),
      lose,
    });
    allowVoidArrays(program.resolver);
    inferStdGenerics(program.resolver, (message, range) => report(program, 100, message, range));
    direct.install(program.resolver, !debug);
    compound.install(program.resolver);
    this.dropped.install(program.resolver);
  }

  /** From now on a program with a `main` is an app; to be called before anything is parsed. */
  protected takeMainForApp(): void {
    this.first.mainIsApp = true;
  }

  /** From now on a program without a `main` is refused. */
  protected requireMain(): void {
    this.first.needsMain = true;
  }

  /** The one of us that does the work. */
  private get first(): StdTransform {
    return (this.program as Program & { [installed]: StdTransform })[installed];
  }

  /** asc: all files have been parsed. */
  afterParse(parser: Parser): void {
    const { program, lowering } = this;
    if (this.needsMain && findMain(parser.sources) === null) {
      report(program, 100, ...missingMain(parser.sources));
      return;
    }
    if (!this.usesRuntime) return;
    this.hasMain = this.mainIsApp && findMain(parser.sources) !== null;
    if (!this.checkRuntime()) return;
    parser.parseFile(lowering.taskSource(), `${tasksPath}.ts`, false);
    if (!this.addsEntry) return;
    hideNames(parser.sources);
    const node = Object.getPrototypeOf(program.nativeFile.source.constructor) as NodeFactory;
    giveNull(parser.sources, node);
    resolveVoid(parser.sources);
    const { options } = program;
    addEntry(parser.sources, node, options.debugInfo, (...args) => this.messages.hold(...args));
    options.exportStart = topLevelExport;
    if (options.stackSize === defaultStackSize) options.stackSize = stackSize;
    this.addAliases(parser.sources);
    pruneRoots(this.binaryen, program);
    if (options.sourceMap) locateCalls(this.binaryen, program);
  }

  /** asc: all declarations of the program are known. */
  afterInitialize(program: Program): void {
    if (this.usesRuntime) addOwnNames(program, this.lowering.taskNames());
  }

  /** asc: the module is compiled, but not optimised. */
  afterCompile(module: binaryen.Module): void {
    if (!this.addsEntry) return;
    // asc looks only after us, and what is optimised by then is valid: what was wrong would trap.
    if (!module.validate()) {
      report(this.program, 100, invalid, null);
      return;
    }
    this.refuseBindings();
    module.removeExport("main");
    hideSourceMapUrl(module);
    this.suspension = addSuspension(this.binaryen, module, this.program);
  }

  /** Refuses what a browser or Node.js would do, in what has been compiled. */
  private refuseBindings(): void {
    const { program, binaryen } = this;
    if (!this.addsEntry) return;
    const module = binaryen.wrapModule(program.module.ref);
    refuseBindings(binaryen, module, program.sources, (message, range) =>
      report(program, 100, message, range));
  }

  /** Only an app gets more than what it says itself: what is async, or imports std. */
  private get addsEntry(): boolean {
    return this.lowering.firstAsync !== null || this.stdImport !== null || this.hasMain;
  }

  /** Where the app asks for a file of std. */
  private stdImport: Range | null = null;

  private load(path: string, text: string | null): string | null {
    if (path === `${tasksPath}.ts`) return text;
    if (!isStd(path)) return text ?? this.loadMissing(path);
    this.stdImport ??= this.askedForAt(path);
    const source = readStd(path);
    if (source === null) this.refuseModule(path);
    return source ?? "";
  }

  /** What is not there: an empty file in the place of a module of Node.js's, which is refused. */
  private loadMissing(path: string): string | null {
    const [, name = ""] = /^~lib\/(.*)\.ts$/.exec(path) ?? [];
    const advice = ofModule(name);
    if (advice === null) return null;
    const dependee = this.program.parser.dependees.get(`~lib/${name}`);
    if (dependee) this.messages.hold(2307, advice, dependee.reportNode.range);
    return "";
  }

  /** Where the app asks for a file of std; null if only std itself does. */
  private askedForAt(path: string): Range | null {
    const dependee = this.program.parser.dependees.get(path.replace(/\.ts$/, ""));
    if (!dependee || isStd(dependee.source.normalizedPath)) return null;
    return dependee.reportNode.range;
  }

  private refuseModule(path: string): void {
    const { parser } = this.program;
    const name = path.slice("~lib/".length).replace(/\.ts$/, "");
    const dependee = parser.dependees.get(path.replace(/\.ts$/, ""));
    if (!dependee) return;
    const message = `There is no module '${name}'. There are: ${modules().join(", ")}.`;
    this.messages.hold(2307, message, dependee.reportNode.range);
  }

  private parsed(source: Source): void {
    if (!source.normalizedPath.startsWith("~lib/")) this.dropped.add(source);
    const own = this.lowering.asyncIn.has(source) ? declaredPromise(source) : null;
    if (own) report(this.program, 2529, reserved, own);
    if (this.usesRuntime) return;
    const mayNeed =
      this.lowering.firstAsync !== null ||
      isStd(source.normalizedPath) ||
      (source.sourceKind as number) <= SourceKind.UserEntry && usesPromise(source) ||
      (this.mainIsApp && mayExportMain(source));
    if (!mayNeed) return;
    this.usesRuntime = true;
    const { parser } = this.program;
    if (parser.seenlog.has(entryPath)) return;
    parser.seenlog.add(entryPath);
    parser.backlog.push(entryPath);
  }

  /** Whether the garbage collector that was chosen can serve what the app uses. */
  private checkRuntime(): boolean {
    const { firstAsync } = this.lowering;
    const runtime = this.program.options.runtime as number;
    const range = firstAsync ?? (runtime === Runtime.Stub ? this.stdImport : null);
    if (runtime === Runtime.Incremental || !range) return true;
    const message =
      (firstAsync ? "Async functions need" : "std needs") +
      " '--runtime incremental' (the default): " +
      "with 'minimal' the garbage collector would not see what a suspended function holds, and " +
      "'stub' has none.";
    report(this.program, 100, message, range);
    return false;
  }

  private addAliases(sources: readonly Source[]): void {
    const { options } = this.program;
    options.globalAliases ??= new Map();
    const { globalAliases, debugInfo } = options;
    for (const [alias, element] of Object.entries(debugInfo ? debugAliases : aliases)) {
      const [, file, name] = /^(.*)\/(.*)$/.exec(element) ?? [];
      const path = `${stdPrefix}${file}.ts`;
      const source = sources.find(({ normalizedPath }) => normalizedPath === path);
      const isThere = source && declaresFunction(source, name!);
      if (isThere && !globalAliases.has(alias)) globalAliases.set(alias, stdPrefix + element);
    }
  }
}

/** Whether a file declares a function. */
function declaresFunction({ statements }: Source, name: string): boolean {
  return statements.some((statement) =>
    isKind(statement, NodeKind.FunctionDeclaration) &&
    (statement as FunctionDeclaration).name.text === name);
}

function checkVersion(program: Program): void {
  const { bundleMajorVersion, bundleMinorVersion, bundlePatchVersion } = program.options;
  const version = [bundleMajorVersion, bundleMinorVersion, bundlePatchVersion].join(".");
  if (version === supportedVersion) return;
  throw new Error(
    `this target is made for assemblyscript ${supportedVersion}, and this is ${version}. ` +
      `Install it: npm install --save-dev assemblyscript@${supportedVersion}`,
  );
}
