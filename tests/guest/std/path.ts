/** Answers questions about paths: one line each, `flavour TAB function TAB path TAB path`. */
import { BufReader, print, stdin } from "std/io";
import { PathFlavour, native, posix, windows } from "std/path";

export async function main(): Promise<void> {
  const input = new BufReader(stdin());
  let answers = "";
  while (true) {
    const line = (await input.readLine()).unwrap();
    if (line.length == 0) break;
    const fields = line.substring(0, line.length - 1).split("\t");
    const flavour = fields[0] == "posix" ? posix : fields[0] == "windows" ? windows : native();
    answers += answer(flavour, fields[1], fields[2], fields[3]) + "\n";
  }
  (await print(answers)).unwrap();
}

function answer(flavour: PathFlavour, name: string, a: string, b: string): string {
  if (name == "separator") return flavour.separator;
  if (name == "isAbsolute") return flavour.isAbsolute(a) ? "true" : "false";
  if (name == "join") return flavour.join(a, b);
  if (name == "normalize") return flavour.normalize(a);
  if (name == "withExtension") return flavour.withExtension(a, b);
  if (name == "components") return flavour.components(a).join("|");
  if (name == "withFileName") return flavour.withFileName(a, b);
  if (name == "ancestors") return flavour.ancestors(a).join("|");
  if (name == "startsWith") return flavour.startsWith(a, b) ? "true" : "false";
  if (name == "endsWith") return flavour.endsWith(a, b) ? "true" : "false";
  let found: string | null = null;
  if (name == "stripPrefix") found = flavour.stripPrefix(a, b);
  if (name == "parent") found = flavour.parent(a);
  if (name == "fileName") found = flavour.fileName(a);
  if (name == "fileStem") found = flavour.fileStem(a);
  if (name == "extension") found = flavour.extension(a);
  if (name == "relative") found = flavour.relative(a, b);
  return found === null ? "<null>" : found;
}
