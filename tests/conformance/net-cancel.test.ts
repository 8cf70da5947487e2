import { backends } from "./backends.js";
import { netCancelConformance } from "./net-cancel.js";

for (const backend of backends) netCancelConformance(backend);
