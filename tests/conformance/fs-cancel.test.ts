import { backends } from "./backends.js";
import { fsCancelConformance } from "./fs-cancel.js";

for (const backend of backends) fsCancelConformance(backend);
