//! Numbers that a seed decides (mulberry32), so that a bad day can be had again.

export class Dice {
  /** @param {number} seed */
  constructor(seed) {
    this.state = seed >>> 0;
  }

  /** A whole number from `least` to `most`. */
  between(least, most) {
    return least + Math.floor(this.#draw() * (most - least + 1));
  }

  /**
   * The same things in another order.
   * @template T
   * @param {T[]} things
   */
  shuffled(things) {
    const all = [...things];
    for (let at = all.length - 1; at > 0; at -= 1) {
      const other = this.between(0, at);
      [all[at], all[other]] = [all[other], all[at]];
    }
    return all;
  }

  /**
   * One of several things, the more often the heavier it is.
   * @template T
   * @param {[T, number][]} things
   */
  weighted(things) {
    let at = this.between(1, things.reduce((sum, [, weight]) => sum + weight, 0));
    return things.find(([, weight]) => (at -= weight) <= 0)[0];
  }

  #draw() {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
}
