import { backends } from "./backends.js";
import { linkConformance } from "./links.js";

for (const backend of backends) linkConformance(backend);
