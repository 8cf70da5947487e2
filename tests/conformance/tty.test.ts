import { backends } from "./backends.js";
import { ttyConformance } from "./tty.js";

for (const backend of backends) ttyConformance(backend);
