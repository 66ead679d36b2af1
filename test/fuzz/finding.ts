/** The rule that an input has shown to be broken. */
export type Oracle =
  /** Something threw. */
  | 'exception'
  /** The conversation did not come to its end. */
  | 'hang'
  /** It took more steps, writes or bytes than its input can ask for, or far too much time. */
  | 'work'
  /** Another outcome when the bytes came in other pieces. */
  | 'cuts'
  /** An answer that is not well formed, one too many, one too few, or one behind the last. */
  | 'answers'
  /** A log line out of shape, or one that says something else than what happened. */
  | 'log'
  /** Our proxy has forwarded something else than what a handler gets. */
  | 'forwarding'
  /** node:http reads other messages. */
  | 'node:http';

/** An input that has broken a rule, in words. */
export class Finding extends Error {
  readonly oracle: Oracle;

  constructor(oracle: Oracle, detail: string, options?: ErrorOptions) {
    super(detail, options);
    this.name = 'Finding';
    this.oracle = oracle;
  }
}

/** Runs a part of an examination: whatever it throws that is no finding is one. */
export function examining<T>(examination: () => T): T {
  try {
    return examination();
  } catch (error) {
    if (error instanceof Finding) throw error;
    throw new Finding('exception', error instanceof Error ? (error.stack ?? error.message) : String(error), {
      cause: error,
    });
  }
}
