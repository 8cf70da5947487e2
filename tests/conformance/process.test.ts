import { backends } from "./backends.js";
import { processConformance } from "./process.js";

for (const backend of backends) processConformance(backend);
