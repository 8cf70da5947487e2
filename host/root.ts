/** Where the package is. The bundle of the launcher has a version of this file of its own. */
import { fileURLToPath } from "node:url";

/** The package's folder: `prebuilds/` and `package.json` are there. */
export const packageRoot = fileURLToPath(new URL("../..", import.meta.url));
