/**
 * The target for apps: what `asconfig.json` and `rusticated build` name. It is the transform, and
 * beyond that takes every program with a `main` for an app, be it without async and std: that too
 * shall import from `std` alone, and run.
 */
import StdTransform from "./index.js";

/** The transform, for apps. */
export default class Target extends StdTransform {
  constructor() {
    super();
    this.takeMainForApp();
  }
}
