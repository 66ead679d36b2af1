/**
 * Smooth weighted turns: every server on offer gains its weight, the one with the most has its turn and pays what all of
 * them gained. So the turns of a heavy server are spread out, and one that is not on offer saves nothing up.
 */
export class Turns {
  readonly #credits: number[] = [];
  #best = -1;
  #gained = 0;

  /** Begin again with this number of servers, none of which has any credit. */
  reset(servers: number): void {
    this.#credits.length = 0;
    for (let i = 0; i < servers; i++) this.#credits.push(0);
  }

  /** The server at this place could have the next turn. */
  offer(place: number, weight: number): void {
    const credits = this.#credits;
    credits[place] += weight;
    this.#gained += weight;
    if (this.#best === -1 || credits[place] > credits[this.#best]) this.#best = place;
  }

  /** The place of the one whose turn it is, of those offered since the last call; -1 when there were none. */
  take(): number {
    const best = this.#best;
    if (best !== -1) this.#credits[best] -= this.#gained;
    this.#best = -1;
    this.#gained = 0;
    return best;
  }
}
