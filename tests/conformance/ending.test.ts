import { backends } from "./backends.js";
import { endingConformance } from "./ending.js";

for (const backend of backends) endingConformance(backend);
