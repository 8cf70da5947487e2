import { backends } from "./backends.js";
import { ioConformance } from "./io.js";

for (const backend of backends) ioConformance(backend);
