import { backends } from "./backends.js";
import { fsConformance } from "./fs.js";

for (const backend of backends) fsConformance(backend);
