/**
 * What `rusticated build` names: the target, and what it builds must be an app. Whoever compiles
 * with asc may have reasons of his own to have no `main`.
 */
import Target from "./target.js";

/** The target, for apps and nothing else. */
export default class App extends Target {
  constructor() {
    super();
    this.requireMain();
  }
}
