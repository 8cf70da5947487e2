import { backends } from "./backends.js";
import { netFailureConformance } from "./net-failures.js";

for (const backend of backends) netFailureConformance(backend);
