/** Where the package is. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";

// Node has `dirname` since 20.11. The bundle of the launcher lies in this file's folder.
const folder = import.meta.dirname ?? fileURLToPath(new URL(".", import.meta.url));

/** The package's folder: `prebuilds/` and `package.json` are there. */
export const packageRoot = join(folder, "../..");
