/**
 * String literals in short, where size counts. AssemblyScript has each of them in its data as the
 * object that it is in memory: a header of 20 bytes and UTF-16. Here those of Latin-1 become one
 * segment with a byte for each character, of which `assembly/rt/literals.ts` makes these objects,
 * each in its place, when the app begins. What nothing refers to any more is left out.
 */
import type binaryen from "assemblyscript/binaryen";
import { Expressions } from "./expressions.js";

type Binaryen = typeof binaryen;

const headerSize = 20;
const stringId = 2;

/** Where objects lie: AssemblyScript's blocks have sizes that are multiples of this. */
const unit = 16;

/** What stands for a length in front of the number of units to the next string. */
const skip = 0xff;

/** How the collector visits an object, and what does nothing instead. */
const visit = "~lib/rt/itcms/__visit";
const nothing = "~lib/memory/~nothing";

/** Where the app finds the packed strings, and where the first of them belongs. */
const imports = {
  start: "~lib/std/abi/imports/literalsStart",
  end: "~lib/std/abi/imports/literalsEnd",
  first: "~lib/std/abi/imports/firstLiteral",
} as const;

/** A piece of the module's data. */
interface Segment {
  readonly offset: number;
  readonly data: Uint8Array;
}

/** The string literals of one module: found before it is optimised, and packed after. */
export class Literals {
  /** By their addresses. */
  readonly texts = new Map<number, string>();
  private readonly strings: Segment[];
  private readonly dataEnd: number;

  constructor(
    private readonly api: Binaryen,
    private readonly module: binaryen.Module,
    /** Bytes of the stack, which lies behind the data. */
    private readonly stackSize: number,
  ) {
    const end = api.getGlobalInfo(module.getGlobal("~lib/memory/__data_end"));
    this.dataEnd = (api.getExpressionInfo(end.init) as binaryen.ConstInfo).value as number;
    this.strings = segmentsOf(module).filter(isString);
    for (const { offset, data } of this.strings) {
      const text = Buffer.from(data.subarray(headerSize, headerSize + sizeOf(data)));
      this.texts.set(offset + headerSize, text.toString("utf16le"));
    }
    this.leaveToThemselves();
  }

  /**
   * Has the collector not visit literals that global constants refer to: they live for ever, and
   * refer to nothing. What visits them becomes a function that does nothing.
   */
  private leaveToThemselves(): void {
    const { api, module } = this;
    const expressions = new Expressions(api);
    const { i32 } = api;
    module.addFunction(nothing, api.createType([i32, i32]), api.none, [], module.nop());
    expressions.forEach(module, (call, kind) => {
      if (kind !== "Call") return;
      const { target, operands } = api.getExpressionInfo(call) as binaryen.CallInfo;
      if (target !== visit || expressions.kindOf(operands[0]!) !== "Const") return;
      const { value } = api.getExpressionInfo(operands[0]!) as binaryen.ConstInfo;
      if (this.texts.has(value as number)) expressions.retarget(call, nothing);
    });
  }

  /** Packs those that are left after optimising. */
  pack(): void {
    const used = this.used();
    const packed = used.filter(isShort);
    const first = packed[0]?.offset ?? 0;
    const bytes = pack(packed);
    const fits = bytes.length < this.stackSize / 2 && hasOwnMemory(this.module);
    const segments = fits ? this.without(packed, used) : [];
    if (fits) {
      segments.push({ offset: this.dataEnd, data: bytes });
      setSegments(this.module, segments);
    }
    const start = fits ? this.dataEnd : 0;
    this.bind(imports.start, start);
    this.bind(imports.end, fits ? start + bytes.length : 0);
    this.bind(imports.first, first);
  }

  /** Makes an import a function that returns a number. */
  private bind(name: string, value: number): void {
    const { api, module } = this;
    if (!module.getFunction(name)) return;
    module.removeFunction(name);
    module.addFunction(name, api.none, api.i32, [], module.i32.const(value));
  }

  /** The data without the strings that are packed, and those that are not used. */
  private without(packed: readonly Segment[], used: readonly Segment[]): Segment[] {
    const gone = [...packed, ...this.strings.filter((string) => !used.includes(string))];
    return segmentsOf(this.module).filter(({ offset }) => !gone.some((one) => has(one, offset)));
  }

  /** The strings of which an address stands anywhere in the module. */
  private used(): Segment[] {
    const { api, module } = this;
    const numbers = new Set<number>();
    const expressions = new Expressions(api);
    const constant = (expression: number): number | undefined =>
      expressions.kindOf(expression) === "Const"
        ? ((api.getExpressionInfo(expression) as binaryen.ConstInfo).value as number)
        : undefined;
    let isKnown = true;
    expressions.forEach(module, (expression, kind) => {
      if (kind === "") isKnown = false;
      else if (kind === "Const") numbers.add(constant(expression)!);
      else if (kind === "Load" || kind === "Store") {
        const pointer = constant(expressions.call(`${kind}GetPtr`, expression));
        const offset = expressions.call(`${kind}GetOffset`, expression);
        if (pointer !== undefined) numbers.add(pointer + offset);
      }
    });
    for (let index = 0; index < module.getNumGlobals(); index++) {
      const { init } = api.getGlobalInfo(module.getGlobalByIndex(index));
      numbers.add(constant(init) ?? 0);
    }
    for (const segment of segmentsOf(module)) {
      for (const word of wordsOf(whole(segment))) numbers.add(word);
    }
    const all = [...numbers];
    return this.strings.filter((string) => !isKnown || all.some((number) => has(string, number)));
  }
}

function has({ offset, data }: Segment, address: number): boolean {
  return address >= offset && address < offset + data.length;
}

/** Data with the zeros around it that make whole words of it, which Binaryen leaves off. */
function whole({ offset, data }: Segment): Uint8Array {
  const words = new Uint8Array(((offset % 4) + data.length + 3) & ~3);
  words.set(data, offset % 4);
  return words;
}

function wordsOf(data: Uint8Array): number[] {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  return Array.from({ length: data.length >> 2 }, (_, index) => view.getUint32(index << 2, true));
}

/** How many bytes the text of a string has. */
function sizeOf(data: Uint8Array): number {
  return wordsOf(data)[4]!;
}

/** Whether a piece of data is just what a string is. */
function isString({ offset, data }: Segment): boolean {
  if ((offset + headerSize) % unit !== 0 || data.length < headerSize) return false;
  const [block, ...header] = wordsOf(data.subarray(0, headerSize));
  const size = header[3]!;
  return block === data.length - 4 && data.length === blockSize(size) &&
    header[0] === 0 && header[1] === 0 && header[2] === stringId &&
    data.subarray(headerSize + size).every((byte) => byte === 0);
}

/** The size of the block of a string whose text has so many bytes. */
function blockSize(size: number): number {
  return (headerSize + size + unit - 1) & -unit;
}

/** Whether a string is of Latin-1, and its length can be told by a byte. */
function isShort({ data }: Segment): boolean {
  const size = sizeOf(data);
  const text = data.subarray(headerSize, headerSize + size);
  return size % 2 === 0 && size < skip * 2 && text.every((byte, at) => at % 2 === 0 || byte === 0);
}

function pack(strings: readonly Segment[]): Uint8Array {
  const bytes: number[] = [];
  let at = strings[0]?.offset ?? 0;
  for (const { offset, data } of strings) {
    for (let units = (offset - at) / unit; units > 0; units -= 0xff) {
      bytes.push(skip, Math.min(units, 0xff));
    }
    const text = data.subarray(headerSize, headerSize + sizeOf(data));
    bytes.push(text.length / 2, ...text.filter((_, at) => at % 2 === 0));
    at = offset + data.length;
  }
  return Uint8Array.from(bytes);
}

// What the type declarations do not have of Binaryen.

interface Memory {
  getNumDataSegments(): number;
  getDataSegmentByIndex(index: number): number;
  getDataSegmentInfo(segment: number): { offset: number; data: ArrayBuffer; passive: boolean };
}

/** The data of a module that is put in place when it is instantiated. */
function segmentsOf(module: binaryen.Module): Segment[] {
  const memory = module as unknown as Memory;
  const count = memory.getNumDataSegments();
  return Array.from({ length: count }, (_, index) => {
    const info = memory.getDataSegmentInfo(memory.getDataSegmentByIndex(index));
    return { ...info, data: new Uint8Array(info.data) };
  });
}

function setSegments(module: binaryen.Module, segments: readonly Segment[]): void {
  const { initial, max = -1 } = module.getMemoryInfo();
  const all = segments.map(({ offset, data }) => ({ offset: module.i32.const(offset), data }));
  module.setMemory(initial, max, null, all, false, false, "0");
}

/** Whether the memory is the module's own and has one user, and all data is put there at once. */
function hasOwnMemory(module: binaryen.Module): boolean {
  const { module: from, shared, is64 } = module.getMemoryInfo();
  const memory = module as unknown as Memory;
  const isPassive = Array.from({ length: memory.getNumDataSegments() }, (_, index) =>
    memory.getDataSegmentInfo(memory.getDataSegmentByIndex(index)).passive);
  return !from && !shared && !is64 && !isPassive.includes(true);
}
