/** Where the package is. In the bundle of the launcher `import.meta.url` is the bundle's own. */
import { fileURLToPath } from "node:url";

/** The package's folder: `prebuilds/` and `package.json` are there. */
export const packageRoot = fileURLToPath(new URL("../..", import.meta.url));
