import { backends } from "./backends.js";
import { fsFailureConformance } from "./fs-failures.js";

for (const backend of backends) fsFailureConformance(backend);
