/** One message as a reader has understood it. */
export interface ReadMessage {
  /** Method and target of a request, the status of a response. */
  readonly head: string;
  /** The body as latin1, as far as it has come; undefined where nobody looked at it. */
  readonly body: string | undefined;
  /** Whether its end has been seen. */
  readonly complete: boolean;
}

/**
 * What became of the reader behind the last message: it would read on (`open`, also in the middle of a message), it has
 * said that it reads no more (`closed`), or it has refused what came (`refused`).
 */
export type ReadingEnd = 'open' | 'closed' | 'refused';

/** The messages that a reader has found in a stream of bytes. */
export interface Reading {
  readonly messages: readonly ReadMessage[];
  readonly end: ReadingEnd;
}

/**
 * Where two readings of the same bytes contradict each other; undefined while none does. That one of them refuses or
 * stops where the other goes on is no contradiction: only what both have accepted is held against each other. But who
 * is ready to read on, and has not seen a message that the other has, sees it as part of another one.
 */
export function contradiction(ours: Reading, theirs: Reading): string | undefined {
  const count = Math.max(ours.messages.length, theirs.messages.length);
  for (let i = 0; i < count; i++) {
    const a = ours.messages.at(i);
    const b = theirs.messages.at(i);
    if (a === undefined) {
      if (ours.end === 'open') return `message ${i + 1} is only theirs`;
      return undefined;
    }
    if (b === undefined) {
      // A message that we have only begun may be one whose head is refused there, or waited for.
      if (theirs.end === 'open' && a.complete) return `message ${i + 1} is only ours`;
      return undefined;
    }
    const what = differenceOf(a, b, ours.end, theirs.end);
    if (what !== undefined) return `message ${i + 1}: ${what}`;
    if (!a.complete || !b.complete) return undefined;
  }
  return undefined;
}

function differenceOf(
  a: ReadMessage,
  b: ReadMessage,
  ourEnd: ReadingEnd,
  theirEnd: ReadingEnd,
): string | undefined {
  if (a.head !== b.head) return 'the heads differ';
  if (a.complete && !b.complete && theirEnd === 'open') return 'ours is complete, theirs is not';
  if (b.complete && !a.complete && ourEnd === 'open') return 'theirs is complete, ours is not';
  if (a.body === undefined || b.body === undefined) return undefined;
  if (a.complete && b.complete) return a.body === b.body ? undefined : 'the bodies differ';
  // Of a body that breaks off, more or less may have been handed on; what has been is the same.
  const [shorter, longer] = a.body.length < b.body.length ? [a.body, b.body] : [b.body, a.body];
  if (!longer.startsWith(shorter)) return 'the bodies differ';
  const whole = a.complete ? a.body : b.complete ? b.body : undefined;
  return whole !== undefined && whole.length < longer.length
    ? 'the unfinished body is the longer one'
    : undefined;
}

/** Both readings, one above the other, and the bytes that they are of. */
export function sideBySide(bytes: Buffer, ours: Reading, name: string, theirs: Reading): string {
  return `bytes:\n  ${visible(bytes)}\nours:\n${describeReading(ours)}\n${name}:\n${describeReading(theirs)}`;
}

/** One line a message. */
export function describeReading({ messages, end }: Reading): string {
  const lines = messages.map(({ head, body, complete }, i) => {
    const content = body === undefined ? 'body not looked at' : JSON.stringify(body);
    return `  ${i + 1}. ${head} | ${content}${complete ? '' : ' … unfinished'}`;
  });
  return [...lines, `  then ${end}`].join('\n');
}

/** Bytes as a JavaScript string literal: it can be pasted into a test. */
export function visible(bytes: Buffer): string {
  const text = JSON.stringify(bytes.toString('latin1'));
  return text.replaceAll(
    /[\x7f-\xff]/g,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}

/** A target without what an absolute form (RFC 9112 §3.2.2) says in front of the path: some proxies pass on only that. */
export function withoutAuthority(target: string): string {
  const match = /^https?:\/\/[^/?]*(.*)$/is.exec(target);
  if (match === null) return target;
  return match[1].startsWith('/') ? match[1] : `/${match[1]}`;
}
