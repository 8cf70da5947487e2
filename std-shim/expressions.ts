/** What Binaryen's expressions are made of, by the names that its C functions have for them. */

/**
 * Kinds of expressions that AssemblyScript emits and the parts that each has, in the order in which
 * they are computed. Blocks and calls are not among them: they have lists.
 */
export const parts: Readonly<Record<string, readonly string[]>> = {
  Nop: [], Unreachable: [], Const: [], LocalGet: [], GlobalGet: [], MemorySize: [], DataDrop: [],
  If: ["Condition", "IfTrue", "IfFalse"],
  Loop: ["Body"],
  Break: ["Value", "Condition"],
  Switch: ["Value", "Condition"],
  LocalSet: ["Value"],
  GlobalSet: ["Value"],
  Load: ["Ptr"],
  Store: ["Ptr", "Value"],
  Unary: ["Value"],
  Binary: ["Left", "Right"],
  Select: ["IfTrue", "IfFalse", "Condition"],
  Drop: ["Value"],
  Return: ["Value"],
  MemoryGrow: ["Delta"],
  MemoryCopy: ["Dest", "Source", "Size"],
  MemoryFill: ["Dest", "Value", "Size"],
};
