/** Work on its way, by key: however many ask for the same, it is done once, and all of them get what comes of it. */
export class SingleFlight<T> {
  readonly #pending = new Map<string, Promise<T>>();

  /** What is on its way under this key, or else what `start` begins. */
  join(key: string, start: () => Promise<T>): Promise<T> {
    let pending = this.#pending.get(key);
    if (pending === undefined) {
      pending = start().finally(() => this.#pending.delete(key));
      this.#pending.set(key, pending);
    }
    return pending;
  }
}
