/**
 * Where a server connection stands with the request: its head is awaited or read, its body is read, it is all here; or
 * the connection is a tunnel, and what comes is another protocol's.
 */
export type Reading = 'head' | 'body' | 'tunnel' | 'complete';

/** Where it stands with the answer: none is due yet, it is being made or sent, a tunnel's half of it ended, it is all sent. */
export type Writing = 'idle' | 'answering' | 'half-closed' | 'complete';

/** What a connection does next. */
export type Step =
  /** Nothing: the other direction has to move first. */
  | 'wait'
  /** Turn to the next request, which may have arrived already. */
  | 'next-request'
  /** The answer is sent, the request's body still comes: read it away, then go on. */
  | 'discard-body'
  /** Say that no more will come, and read until the client has seen it (RFC 9112 §9.6). */
  | 'linger';

/**
 * The life of a connection is reading × writing × keep-alive, and they meet here only:
 *
 *                     writing:  idle      answering   half-closed   complete, keep alive   complete, close
 *     reading: head             wait      –           –             –                      linger
 *              body             –         wait        –             discard-body           linger
 *              tunnel           –         wait        wait          –                      linger
 *              complete         –         wait        –             next-request           linger
 */
export function nextStep(reading: Reading, writing: Writing, keepAlive: boolean): Step {
  if (writing !== 'complete') return 'wait';
  if (!keepAlive) return 'linger';
  return reading === 'complete' ? 'next-request' : 'discard-body';
}
