import { backends, trees } from "./backends.js";
import { linkConformance } from "./links.js";

for (const backend of [...backends, ...trees]) linkConformance(backend);
