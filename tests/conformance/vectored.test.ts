import { backends, trees } from "./backends.js";
import { vectoredConformance, vectoredFilesConformance } from "./vectored.js";

for (const backend of backends) vectoredConformance(backend);
for (const tree of trees) vectoredFilesConformance(tree);
