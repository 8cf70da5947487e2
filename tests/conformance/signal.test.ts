import { backends } from "./backends.js";
import { signalConformance } from "./signal.js";

for (const backend of backends) signalConformance(backend);
