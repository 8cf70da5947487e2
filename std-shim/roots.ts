/**
 * Fewer roots. AssemblyScript keeps every managed value that it hands to a function, and every one
 * that it assigns to a variable, in a slot of its shadow stack, so that the garbage collector finds
 * it. Most of these slots are never looked at. A value needs none
 *
 * - when no collection can happen before the call that it is an operand of has returned: most
 *   small functions do not allocate, nor does anything that they call,
 * - when it is in a variable that has a slot already, or a parameter, which the caller looks after,
 * - when it is part of the module's static data.
 *
 * This runs after AssemblyScript has compiled everything and marked what it means to keep by calls
 * of `__tostack`, and before it makes slots of them: here the needless marks are taken away.
 * A function that can be suspended counts as one that collects: the collector runs meanwhile.
 */
import type { Program } from "assemblyscript";
import type binaryen from "assemblyscript/binaryen";
import { topLevelExport } from "./entry.js";
import { parts } from "./expressions.js";
import { Feature } from "./internals.js";

type Expression = number;
type Binaryen = typeof binaryen;

/** The C functions of Binaryen that this file calls; its type declarations do not have them. */
type Functions = Record<string, (...values: number[]) => number>;

const bulkMemory = Feature.BulkMemory as number;
/** The function that AssemblyScript marks by, until it has made slots. */
export const mark = "~lib/rt/__tostack";
/** What begins a collection, or a step of one. */
const collectors = /^~lib\/rt\/itcms\/(__new|__renew|__collect|interrupt|step)$/;
/** What is in an expression. */
interface Contents {
  collects: boolean;
  readonly sets: Set<number>;
}

interface FunctionFacts {
  readonly name: string;
  readonly body: Expression;
  readonly parameters: number;
  readonly callees: Set<string>;
  /** Something in it may collect whatever it calls, or is nothing that we know. */
  collects: boolean;
  isOpaque: boolean;
  /** By local: the values that it is set to, and whether that is inside a loop. */
  readonly sets: Map<number, { value: Expression; inLoop: boolean }[]>;
}

/** Takes needless roots away, at the one moment at which all functions are there, and no slots. */
export function pruneRoots(api: Binaryen, program: Program): void {
  const { module } = program;
  const addFunctionExport = module.addFunctionExport.bind(module);
  module.addFunctionExport = (internalName, externalName) => {
    const added = addFunctionExport(internalName, externalName);
    // The top-level code is exported last, just before the slots are made.
    if (externalName === topLevelExport) {
      new Pruning(api, module.ref as number).run();
      // Frames are few and small now: some stores clear one sooner than `memory.fill` does.
      program.options.setFeature(bulkMemory, false);
    }
    return added;
  };
}

class Pruning {
  private readonly functions: Functions;
  private readonly module: binaryen.Module;
  private readonly facts = new Map<string, FunctionFacts>();
  private readonly collecting = new Set<string>();
  private readonly names = new Map<number, string>();
  private readonly kinds = new Map<number, string>();

  constructor(
    private readonly api: Binaryen,
    ref: number,
  ) {
    this.functions = api as unknown as Functions;
    this.module = (api as unknown as { wrapModule(ref: number): binaryen.Module }).wrapModule(ref);
    for (const kind of ["Block", "Call", "CallIndirect", ...Object.keys(parts)]) {
      this.kinds.set(this.call(`${kind}Id`), kind);
    }
  }

  run(): void {
    this.gather();
    this.spread();
    for (const facts of this.facts.values()) {
      if (!facts.isOpaque) this.prune(facts);
    }
  }

  private call(name: string, ...values: number[]): number {
    return this.functions[`_Binaryen${name}`]!(...values);
  }

  private kindOf(expression: Expression): string {
    return this.kinds.get(this.call("ExpressionGetId", expression)) ?? "";
  }

  private targetOf(call: Expression): string {
    const pointer = this.call("CallGetTarget", call);
    let name = this.names.get(pointer);
    if (name === undefined) {
      name = (this.api.getExpressionInfo(call) as binaryen.CallInfo).target;
      this.names.set(pointer, name);
    }
    return name;
  }

  private operandsOf(call: Expression, kind: string): Expression[] {
    const count = this.call(`${kind}GetNumOperands`, call);
    return Array.from({ length: count }, (_, index) =>
      this.call(`${kind}GetOperandAt`, call, index),
    );
  }

  /** The parts of an expression in the order in which they are computed; null for unknown ones. */
  private partsOf(expression: Expression, kind: string): Expression[] | null {
    if (kind === "Call") return this.operandsOf(expression, kind);
    if (kind === "CallIndirect") {
      return [...this.operandsOf(expression, kind), this.call("CallIndirectGetTarget", expression)];
    }
    if (kind === "Block") {
      const count = this.call("BlockGetNumChildren", expression);
      return Array.from({ length: count }, (_, i) => this.call("BlockGetChildAt", expression, i));
    }
    const getters = parts[kind];
    if (!getters) return null;
    return getters.map((getter) => this.call(`${kind}Get${getter}`, expression)).filter(Boolean);
  }

  /** The marked value, or 0 if `expression` is not marked. */
  private marked(expression: Expression): Expression {
    let value = 0;
    let current = expression;
    while (this.kindOf(current) === "Call" && this.targetOf(current) === mark) {
      value = current = this.call("CallGetOperandAt", current, 0);
    }
    return value;
  }

  // ── What each function does ──

  private gather(): void {
    const { api, module } = this;
    for (let index = 0; index < module.getNumFunctions(); index++) {
      const info = api.getFunctionInfo(module.getFunctionByIndex(index));
      // The host does not call back while it is called; but a suspended task stands still.
      const harmless = info.module === "std" && info.base !== "toplevel";
      const facts: FunctionFacts = {
        name: info.name,
        body: info.body,
        parameters: api.expandType(info.params).length,
        callees: new Set(),
        collects: collectors.test(info.name) || (info.body === 0 && !harmless),
        isOpaque: info.body === 0,
        sets: new Map(),
      };
      this.facts.set(info.name, facts);
      if (info.body) this.look(info.body, facts, false);
    }
  }

  private look(expression: Expression, facts: FunctionFacts, inLoop: boolean): void {
    const kind = this.kindOf(expression);
    const inner = this.partsOf(expression, kind);
    if (!inner) {
      facts.collects = facts.isOpaque = true;
      return;
    }
    if (kind === "Call") facts.callees.add(this.targetOf(expression));
    else if (kind === "CallIndirect") facts.collects = true;
    else if (kind === "LocalSet") {
      const local = this.call("LocalSetGetIndex", expression);
      const sets = facts.sets.get(local) ?? [];
      sets.push({ value: inner[0] ?? 0, inLoop });
      facts.sets.set(local, sets);
    }
    for (const part of inner) this.look(part, facts, inLoop || kind === "Loop");
  }

  /** Whoever calls what collects, collects. */
  private spread(): void {
    const callers = new Map<string, string[]>();
    for (const { name, callees } of this.facts.values()) {
      for (const callee of callees) {
        const known = callers.get(callee);
        if (known) known.push(name);
        else callers.set(callee, [name]);
      }
    }
    const left = [...this.facts.values()].filter(({ collects }) => collects);
    const pending = left.map(({ name }) => name);
    for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
      if (this.collecting.has(name)) continue;
      this.collecting.add(name);
      pending.push(...(callers.get(name) ?? []));
    }
  }

  private mayCollect(name: string): boolean {
    return name !== mark && (this.collecting.has(name) || !this.facts.has(name));
  }

  // ── Taking marks away ──

  private prune(facts: FunctionFacts): void {
    new FunctionPruning(facts, this).expression(facts.body);
  }

  /** For `FunctionPruning`: the few questions that it asks of the module. */
  readonly questions = {
    kindOf: (expression: Expression): string => this.kindOf(expression),
    partsOf: (expression: Expression, kind: string): Expression[] =>
      this.partsOf(expression, kind) ?? [],
    marked: (expression: Expression): Expression => this.marked(expression),
    localOf: (expression: Expression, kind: string): number =>
      this.call(`${kind}GetIndex`, expression),
    collects: (expression: Expression, kind: string): boolean =>
      kind === "CallIndirect" || (kind === "Call" && this.mayCollect(this.targetOf(expression))),
    mayCollect: (name: string): boolean => this.mayCollect(name),
    setOperand: (call: Expression, kind: string, index: number, value: Expression): void => {
      this.call(`${kind}SetOperandAt`, call, index, value);
    },
    setValue: (set: Expression, value: Expression): void => {
      this.call("LocalSetSetValue", set, value);
    },
  };
}

/** Takes needless marks away in one function. */
class FunctionPruning {
  private readonly collects: boolean;
  private readonly ask: Pruning["questions"];
  private readonly rooted = new Map<number, boolean>();

  constructor(
    private readonly facts: FunctionFacts,
    pruning: Pruning,
  ) {
    this.ask = pruning.questions;
    this.collects = this.ask.mayCollect(facts.name);
    // Decided before any mark is taken away.
    for (const local of facts.sets.keys()) this.rooted.set(local, this.isRooted(local));
  }

  /** Prunes inside `expression`, and tells what is in it. */
  expression(expression: Expression): Contents {
    const { ask } = this;
    const kind = ask.kindOf(expression);
    const inner = ask.partsOf(expression, kind);
    const contents = inner.map((part) => this.expression(part));
    const whole: Contents = { collects: ask.collects(expression, kind), sets: new Set() };
    if (kind === "Call" || kind === "CallIndirect") {
      this.operands(expression, kind, inner, contents, whole.collects);
    } else if (kind === "LocalSet") {
      this.assignment(expression, inner[0] ?? 0);
      whole.sets.add(ask.localOf(expression, kind));
    }
    for (const { collects, sets } of contents) {
      whole.collects ||= collects;
      for (const local of sets) whole.sets.add(local);
    }
    return whole;
  }

  private operands(
    call: Expression,
    kind: string,
    operands: Expression[],
    contents: Contents[],
    collects: boolean,
  ): void {
    for (const [index, operand] of operands.entries()) {
      const value = this.ask.marked(operand);
      if (!value) continue;
      const later = contents.slice(index + 1);
      const isSafe =
        (!collects && !later.some((other) => other.collects)) ||
        this.isKept(value, (local) => !later.some(({ sets }) => sets.has(local)));
      if (isSafe) this.ask.setOperand(call, kind, index, value);
    }
  }

  private assignment(set: Expression, assigned: Expression): void {
    const value = this.ask.marked(assigned);
    if (!value) return;
    const isSafe = !this.collects || this.isKept(value, (local) => this.isStable(local));
    if (isSafe) this.ask.setValue(set, value);
  }

  /** Whether a value is static data, or in a local that has a root and that `isUsable`. */
  private isKept(value: Expression, isUsable: (local: number) => boolean): boolean {
    const kind = this.ask.kindOf(value);
    if (kind === "Const") return true;
    if (kind !== "LocalGet") return false;
    const local = this.ask.localOf(value, kind);
    return this.hasRoot(local) && isUsable(local);
  }

  /** Whether what is in a local always has a root, be it as a parameter. */
  private hasRoot(local: number): boolean {
    return this.rooted.get(local) ?? local < this.facts.parameters;
  }

  private isRooted(local: number): boolean {
    const sets = this.facts.sets.get(local) ?? [];
    return sets.every(({ value }) => this.ask.marked(value) || this.ask.kindOf(value) === "Const");
  }

  /** Whether a local keeps the one value that it ever gets until the function returns. */
  private isStable(local: number): boolean {
    const sets = this.facts.sets.get(local) ?? [];
    if (local < this.facts.parameters) return sets.length === 0;
    return sets.length === 1 && !sets[0]?.inLoop;
  }
}
