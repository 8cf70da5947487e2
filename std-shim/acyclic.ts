/**
 * A directed graph that grows by edges and never has a circle: an edge that would close one is
 * refused.
 *
 * The nodes stand in a list in which every edge points forward, so an edge that does is added
 * without a look at anything else. A new node stands right behind the one that the edge to it comes
 * from. When nodes are found as a depth-first search finds them, which is how the compiler finds
 * functions, all edges but those to a caller point forward at once. For any other edge the nodes in
 * between that can be reached are looked at; unless a circle is found they move behind its source.
 */

/** A place in the list. The numbers grow along it. */
interface Place<N> {
  readonly node: N;
  number: number;
  before: Place<N> | null;
  next: Place<N> | null;
  readonly edges: Set<Place<N>>;
  readonly refused: Set<Place<N>>;
}

/** How far apart places are before others come between them. */
const distance = 2 ** 32;

/** The graph. */
export class AcyclicGraph<N> {
  /** How many edges have been looked at in order to find circles. */
  looked = 0;
  private readonly places = new Map<N, Place<N>>();
  private first: Place<N> | null = null;

  /** Adds an edge. False when it would close a circle: then it is not added. */
  add(from: N, to: N): boolean {
    const source = this.places.get(from) ?? this.insert(from, null);
    const target = this.places.get(to) ?? this.insert(to, source);
    if (source.edges.has(target)) return true;
    if (source === target || source.refused.has(target)) return false;
    if (target.number < source.number) {
      const reached = this.reach(target, source);
      if (!reached) {
        source.refused.add(target);
        return false;
      }
      this.moveBehind(source, reached);
    }
    source.edges.add(target);
    return true;
  }

  /** What can be reached from a place without passing `last`; null when that is reached itself. */
  private reach(from: Place<N>, last: Place<N>): Set<Place<N>> | null {
    const reached = new Set([from]);
    // What is added to a set while it is gone through has its turn, too.
    for (const place of reached) {
      for (const next of place.edges) {
        this.looked++;
        if (next === last) return null;
        if (next.number < last.number) reached.add(next);
      }
    }
    return reached;
  }

  private moveBehind(source: Place<N>, moving: Iterable<Place<N>>): void {
    let behind = source;
    for (const place of [...moving].sort((a, b) => a.number - b.number)) {
      this.take(place);
      this.put(place, behind);
      behind = place;
    }
  }

  private insert(node: N, behind: Place<N> | null): Place<N> {
    const place: Place<N> = {
      node, number: 0, before: null, next: null, edges: new Set(), refused: new Set(),
    };
    this.places.set(node, place);
    this.put(place, behind);
    return place;
  }

  /** Puts a place into the list, at its beginning if it is behind nothing. */
  private put(place: Place<N>, behind: Place<N> | null): void {
    const next = behind ? behind.next : this.first;
    place.before = behind;
    place.next = next;
    if (behind) behind.next = place;
    else this.first = place;
    if (next) next.before = place;
    const low = behind ? behind.number : (next?.number ?? 0) - 2 * distance;
    const high = next ? next.number : low + 2 * distance;
    place.number = (low + high) / 2;
    if (place.number <= low || place.number >= high) this.renumber();
  }

  private take({ before, next }: Place<N>): void {
    if (before) before.next = next;
    else this.first = next;
    if (next) next.before = before;
  }

  /** There is no number left between two places. */
  private renumber(): void {
    let number = 0;
    for (let place = this.first; place; place = place.next) place.number = number += distance;
  }
}
