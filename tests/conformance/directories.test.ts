import { backends, trees } from "./backends.js";
import { directoryConformance } from "./directories.js";

for (const backend of [...backends, ...trees]) directoryConformance(backend);
