import { backends } from "./backends.js";
import { directoryConformance } from "./directories.js";

for (const backend of backends) directoryConformance(backend);
