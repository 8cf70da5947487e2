import { backends, trees } from "./backends.js";
import { fsConformance } from "./fs.js";

for (const backend of [...backends, ...trees]) fsConformance(backend);
