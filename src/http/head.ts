import type { FieldMask } from './hop-by-hop.ts';
import type { ReadonlyHeaderList } from './header-list.ts';

/** The protocol version of a message, times ten. */
export type HttpVersion = 10 | 11;

/** The four forms of a request target (RFC 9112 §3.2). */
export type TargetForm = 'origin' | 'absolute' | 'authority' | 'asterisk';

/**
 * The head of a request, read-only for everyone: who needs another head derives one. The path is normalised once
 * (`normalisePath`), and the same form is matched against routes and sent upstream.
 */
export interface RequestHead {
  readonly method: string;
  readonly form: TargetForm;
  /** The request target as the client wrote it. */
  readonly rawTarget: string;
  /** The normalised path, percent-encoded: starts with `/`, or is `*` for the asterisk form. */
  readonly path: string;
  /** The query with its `?`, or the empty string. */
  readonly query: string;
  /** Host and port that the request is for, lower case as the client wrote it otherwise; empty in HTTP/1.0 without Host. */
  readonly authority: string;
  readonly version: HttpVersion;
  readonly headers: ReadonlyHeaderList;
  /** What its reader has made of it and keeps here: a head that comes again, byte for byte, is the same object. */
  derived?: unknown;
}

/** The head of a response as an upstream sent it. */
export interface ResponseHead {
  readonly status: number;
  readonly reason: string;
  readonly version: HttpVersion;
  readonly headers: ReadonlyHeaderList;
  /** As in a request's head. */
  derived?: unknown;
}

/** The head of a request that we send, derived from the one that we received. The wire adds what frames it. */
export interface OutgoingRequestHead {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly host: string;
  /** The fields as received, of which `omit` and `nominated` are left out. */
  readonly headers: ReadonlyHeaderList;
  readonly omit: FieldMask;
  readonly nominated: ReadonlySet<string> | undefined;
  /** Fields of our own, as name, value, name, value. */
  readonly added: readonly string[];
  /** The protocol that the client wants to go on with (RFC 9110 §7.8). */
  readonly upgrade: string | undefined;
  /** Whether the client takes trailer fields (RFC 9110 §10.1.4). */
  readonly trailers: boolean;
  /** The client waits to hear that its body is wanted (RFC 9110 §10.1.1): so does this request. */
  readonly expectContinue: boolean;
  /** The request's id goes with it, as X-Request-Id. */
  readonly identified: boolean;
  /** Set for a head that is sent many times: the wire keeps its serialised form in `serialised`. */
  readonly reusable: boolean;
  serialised?: unknown;
}
