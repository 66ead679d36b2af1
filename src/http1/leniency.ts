/**
 * What a parser lets pass although a rule forbids it. Every leniency has a name and is off unless somebody asks for it:
 * each is a way in which two readers of the same bytes may come to differ. They are consulted only where a byte has
 * already broken the rule, so what is well formed never pays for them.
 *
 * There is none for what only attackers send: white space before a colon, a length beside a coding, a bare CR, NUL and
 * other control bytes, Transfer-Encoding in HTTP/1.0.
 */
export interface Leniency {
  /** A line of a head may end with LF alone (RFC 9112 §2.2). Chunks and trailers are not meant: their lines have CRLF. */
  readonly bareLf: boolean;
  /**
   * A field value may go on in the next line, if that begins with white space (RFC 9112 §5.2); the line break becomes
   * spaces. Never that of a field that frames, routes or concerns the connection.
   */
  readonly lineFolding: boolean;
  /** Content-Length may be said more than once, in one field or in several, if all agree (RFC 9110 §8.6). */
  readonly equalLengths: boolean;
  /** White space may stand between a chunk's size and the end of its line, with no extension (RFC 9112 §7.1). */
  readonly chunkSizeSpace: boolean;
  /** A status line may end right after the status, without the space that comes before a reason (RFC 9112 §4). */
  readonly missingReasonSpace: boolean;
}

/** No leniency at all. */
export const STRICT: Leniency = {
  bareLf: false,
  lineFolding: false,
  equalLengths: false,
  chunkSizeSpace: false,
  missingReasonSpace: false,
};

/** Each leniency by the name that it has in a configuration. */
const BY_NAME = {
  'bare-lf': 'bareLf',
  'line-folding': 'lineFolding',
  'equal-lengths': 'equalLengths',
  'chunk-size-space': 'chunkSizeSpace',
  'missing-reason-space': 'missingReasonSpace',
} as const satisfies Record<string, keyof Leniency>;

/** The name of a leniency in a configuration. */
export type LeniencyName = keyof typeof BY_NAME;

/** Those that there are for what clients send; the other one is about status lines. */
export const REQUEST_LENIENCIES = [
  'bare-lf',
  'line-folding',
  'equal-lengths',
  'chunk-size-space',
] as const satisfies readonly LeniencyName[];

/** Those that there are for what servers answer. */
export const RESPONSE_LENIENCIES = [
  ...REQUEST_LENIENCIES,
  'missing-reason-space',
] as const satisfies readonly LeniencyName[];

/** STRICT, but for these. */
export function leniencyOf(names: readonly LeniencyName[]): Leniency {
  return names.length === 0
    ? STRICT
    : { ...STRICT, ...Object.fromEntries(names.map((name) => [BY_NAME[name], true])) };
}
