import { backends } from "./backends.js";
import { netConformance } from "./net.js";

for (const backend of backends) netConformance(backend);
