import type { Response } from '../http/response.ts';

/** Who waits for an answer. */
export interface Awaiting {
  /** Here it is. */
  settled(response: Response): void;
}

/**
 * An answer that is still to come. Who awaits it gets a promise, as from any thenable; the server asks with
 * `whenSettled`, which calls back on the spot, and so an answer that passes straight through costs no promise.
 */
export class PendingResponse implements PromiseLike<Response> {
  #response: Response | undefined = undefined;
  #awaiting: Awaiting | undefined = undefined;

  /** Here it is. Called once. */
  settle(response: Response): void {
    this.#response = response;
    this.#awaiting?.settled(response);
  }

  /** Call back with the answer: now if it is here, else within `settle`. One caller. */
  whenSettled(awaiting: Awaiting): void {
    if (this.#response === undefined) this.#awaiting = awaiting;
    else awaiting.settled(this.#response);
  }

  // oxlint-disable-next-line unicorn/no-thenable -- that is what it is
  then<A = Response, B = never>(
    fulfilled?: ((response: Response) => A | PromiseLike<A>) | null,
    rejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return new Promise<Response>((resolve) => this.whenSettled({ settled: resolve })).then(
      fulfilled,
      rejected,
    );
  }
}
