/** The helper as it was built, read from its ELF file: a fault in it must be hard to use. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Op } from "../../host/abi.js";
import { prebuildPath } from "../../scripts/native.js";
import { assert, root, suite } from "../harness.js";

const test = suite("hardened helper");
const file = join(root, prebuildPath());

const enum Segment {
  Load = 1,
  Dynamic = 2,
  Stack = 0x6474e551,
  Relro = 0x6474e552,
  Property = 0x6474e553,
}
const enum Tag { Strings = 5, Flags = 30, Flags1 = 0x6ffffffb, StringsSize = 10 }
const EXECUTABLE = 1;
const BIND_NOW = 8;
const NOW = 1;
/** The property of x86 whose bit 2 says that return addresses may be compared with a shadow. */
const X86_FEATURES = 0xc0000002;
const SHADOW_STACK = 2;
/** The instruction `endbr64`, with which begins what may be jumped to. */
const LANDING = Buffer.from([0xf3, 0x0f, 0x1e, 0xfa]);

interface Part { type: number; flags: number; offset: number; size: number }

/** The parts of a 64-bit little-endian ELF file that its loader looks at. */
class Elf {
  private readonly view: DataView;
  readonly segments: readonly Part[];

  constructor(private readonly bytes: Uint8Array) {
    const view = this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    assert.is(view.getUint32(0), 0x7f454c46);
    assert.is(view.getUint16(4), 0x0201, "64 bits, little-endian");
    const start = Number(view.getBigUint64(32, true));
    const [size, count] = [view.getUint16(54, true), view.getUint16(56, true)];
    this.segments = Array.from({ length: count }, (_, index) => {
      const at = start + index * size;
      return {
        type: view.getUint32(at, true), flags: view.getUint32(at + 4, true),
        offset: this.number(at + 8), size: this.number(at + 32),
      };
    });
  }

  private number(at: number): number {
    return Number(this.view.getBigUint64(at, true));
  }

  /** How often these bytes occur in its code. */
  count(instruction: Uint8Array): number {
    const { offset, size } =
      this.segments.find(({ type, flags }) => type === Segment.Load && flags & EXECUTABLE)!;
    const code = Buffer.from(this.bytes.subarray(offset, offset + size));
    let count = 0;
    for (let at = -1; (at = code.indexOf(instruction, at + 1)) >= 0;) count++;
    return count;
  }

  segment(type: Segment): Part | undefined {
    return this.segments.find((each) => each.type === type);
  }

  /** A number of the dynamic section; 0 when it is not there. */
  dynamic(tag: Tag): number {
    const { offset, size } = this.segment(Segment.Dynamic)!;
    for (let at = offset; at < offset + size; at += 16) {
      if (this.number(at) === tag) return this.number(at + 8);
    }
    return 0;
  }

  /** What it exports and imports. The table lies near the start, where it is loaded as well. */
  names(): Set<string> {
    const start = this.dynamic(Tag.Strings);
    const table = this.bytes.subarray(start, start + this.dynamic(Tag.StringsSize));
    return new Set(new TextDecoder().decode(table).split("\0"));
  }

  /** The bits of one property in the note of properties. */
  property(type: number): number {
    const part = this.segment(Segment.Property);
    if (part === undefined) return 0;
    // A note's header of 12 bytes and its name "GNU\0", then type, size and bits of each property.
    for (let at = part.offset + 16; at < part.offset + part.size;) {
      const size = this.view.getUint32(at + 4, true);
      if (this.view.getUint32(at, true) === type) return this.view.getUint32(at + 8, true);
      at += 8 + Math.ceil(size / 8) * 8;
    }
    return 0;
  }
}

if (!existsSync(file)) {
  test.skip("all of it", "the helper is not built");
} else {
  const elf = new Elf(readFileSync(file));

  test("its stack holds no code", () => {
    const stack = elf.segment(Segment.Stack);
    assert.ok(stack !== undefined, "without this entry the stack is executable");
    assert.is(stack.flags & EXECUTABLE, 0);
  });

  test("its tables of addresses are filled in when it is loaded, and then only read", () => {
    assert.ok(elf.segment(Segment.Relro) !== undefined);
    assert.ok(elf.dynamic(Tag.Flags) & BIND_NOW || elf.dynamic(Tag.Flags1) & NOW);
  });

  test("a buffer that overflows on the stack ends the process", () => {
    assert.ok(elf.names().has("__stack_chk_fail"));
  });

  if (file.includes("glibc")) {
    test("calls whose room is known are checked", () => {
      const checked = [...elf.names()].filter((name) => /^__\w+_chk$/.test(name));
      assert.ok(checked.length > 0);
    });
  }

  if (process.arch === "x64") {
    test("returns go where the call came from, and jumps to what may be jumped to", () => {
      assert.ok(elf.property(X86_FEATURES) & SHADOW_STACK);
      // Each row of `ops.def` is a function that is called by its address.
      assert.ok(elf.count(LANDING) > Op.WatchSignal);
    });
  }
}

test.run();
