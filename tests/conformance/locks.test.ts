import { backends } from "./backends.js";
import { lockConformance } from "./locks.js";

for (const backend of backends) lockConformance(backend);
