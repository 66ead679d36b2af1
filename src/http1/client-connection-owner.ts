import type { ErrorCode } from '../core/errors.ts';
import type { BodySource } from '../http/body.ts';
import type { ResponseHead } from '../http/head.ts';
import type { Tunnel } from '../http/response.ts';
import type { Leniency } from './leniency.ts';

/** What a connection to a server is configured with. Times in milliseconds. */
export interface ClientConnectionOptions {
  readonly timeouts: {
    /** From the request's last byte to the answer's first. */
    readonly firstByte: number;
    /** Between two pieces of the answer, and while the server takes nothing of the request. */
    readonly idle: number;
  };
  /** What the server may get wrong. */
  readonly lenient: Leniency;
}

/** Who has sent a request over a connection. */
export interface Requester {
  /**
   * Whether it could send the request again as long as it knows nothing of an answer: then it is not told of one before the
   * first of its body is here, where that has a length.
   */
  readonly mayRepeat?: boolean;
  /** Milliseconds from the request's last byte to the answer's first, where these are not those of the connection. */
  readonly firstByte?: number | undefined;
  /** The answer's head is here. Its body flows when asked for. */
  responded(head: ResponseHead, body: BodySource): void;
  /** An interim answer, other than those that are for us: 100 and 101. The final one follows. */
  informed(head: ResponseHead): void;
  /** The server has changed to another protocol, whose bytes are the body; the connection is nobody else's any more. */
  switched(head: ResponseHead, body: BodySource, tunnel: Tunnel): void;
  /**
   * There will be no answer. `silent`: the connection broke before a single byte of an answer, as happens when a kept
   * connection was closed by the server at the moment that we used it; or before the body of one that was not told.
   */
  failed(code: ErrorCode, silent: boolean, detail: string | undefined): void;
  /** The body of the answer is about to fail: the rule that it broke, or the system's error. */
  explained?(detail: string): void;
}

/** Who keeps connections for the next request. */
export interface ClientConnectionOwner<Connection> {
  /** The exchange is over and the connection can serve another. */
  released(connection: Connection): void;
  /** It has become a tunnel: it will not come back, and is not to be counted. */
  detached(connection: Connection): void;
  /** The connection is gone. `wasTunnel`: it was detached before. */
  closed(connection: Connection, wasTunnel: boolean): void;
}
