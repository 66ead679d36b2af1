/** Who caused a failure: it decides whose log reader should look, and whether another try can help. */
export type ErrorSource = 'client' | 'upstream' | 'internal';

/** What the catalogue says about one error code. */
export interface ErrorInfo {
  readonly source: ErrorSource;
  /** The status of the answer, where one can still be given. */
  readonly status: number;
  /** One sentence for the person who reads the error page; it reveals nothing about the inside. */
  readonly message: string;
  /** The rule that was broken, where a standard states it. */
  readonly rule?: string;
}

const client = (status: number, message: string, rule?: string): ErrorInfo =>
  rule === undefined ? { source: 'client', status, message } : { source: 'client', status, message, rule };
const upstream = (status: number, message: string, rule?: string): ErrorInfo =>
  rule === undefined
    ? { source: 'upstream', status, message }
    : { source: 'upstream', status, message, rule };
const internal = (status: number, message: string): ErrorInfo => ({ source: 'internal', status, message });

/**
 * Every way in which an exchange can fail. The code is stable: it stands in the log line as `error=CODE`
 * and in docs/errors.md, and a test fails when one is missing there.
 */
export const errorCatalogue = {
  // The request line and the target
  'http1.request-line.malformed': client(400, 'The request line is malformed.', 'RFC 9112 §3'),
  'http1.request-line.too-long': client(414, 'The request target is too long.', 'RFC 9112 §3'),
  'http1.method.malformed': client(400, 'The method is not a token.', 'RFC 9110 §9.1'),
  'http1.method.too-long': client(501, 'The method is longer than any that is known.', 'RFC 9112 §3'),
  'http1.target.malformed': client(400, 'The request target is malformed.', 'RFC 9112 §3.2'),
  'http1.version.malformed': client(400, 'The protocol version is malformed.', 'RFC 9112 §2.3'),
  'http1.version.unsupported': client(505, 'This server speaks HTTP/1.0 and HTTP/1.1.', 'RFC 9110 §2.5'),
  // The status line
  'http1.status-line.malformed': upstream(502, 'The status line is malformed.', 'RFC 9112 §4'),
  'http1.status-line.missing-space': upstream(502, 'The status line ends after the status.', 'RFC 9112 §4'),
  // Field lines
  'http1.field.malformed-name': client(400, 'A header field name is malformed.', 'RFC 9112 §5'),
  'http1.field.malformed-value': client(400, 'A header field value holds a forbidden byte.', 'RFC 9110 §5.5'),
  'http1.field.line-folding': client(400, 'A header field is folded over several lines.', 'RFC 9112 §5.2'),
  'http1.field.space-before-colon': client(
    400,
    'White space stands before the colon of a header field.',
    'RFC 9112 §5.1',
  ),
  'http1.line.bare-cr': client(400, 'A carriage return has no line feed after it.', 'RFC 9112 §2.2'),
  'http1.line.bare-lf': client(400, 'A line feed has no carriage return before it.', 'RFC 9112 §2.2'),
  'http1.head.too-large': client(431, 'The request header is too large.', 'RFC 6585 §5'),
  'http1.head.too-many-fields': client(431, 'The request has too many header fields.', 'RFC 6585 §5'),
  'http1.head.incomplete': client(400, 'The request ended inside its header.', 'RFC 9112 §8'),
  'http1.host.missing': client(400, 'The Host field is missing.', 'RFC 9112 §3.2'),
  'http1.host.repeated': client(400, 'The Host field stands more than once.', 'RFC 9112 §3.2'),
  'http1.host.malformed': client(400, 'The Host field is malformed.', 'RFC 9112 §3.2'),
  // Framing
  'http1.framing.length-and-coding': client(
    400,
    'Content-Length and Transfer-Encoding stand together.',
    'RFC 9112 §6.1',
  ),
  'http1.framing.malformed-length': client(400, 'The Content-Length is malformed.', 'RFC 9110 §8.6'),
  'http1.framing.differing-lengths': client(400, 'Several Content-Length values differ.', 'RFC 9112 §6.3'),
  'http1.framing.repeated-length': client(400, 'The Content-Length is said more than once.', 'RFC 9112 §6.3'),
  'http1.framing.malformed-coding': client(400, 'The Transfer-Encoding is malformed.', 'RFC 9112 §7'),
  'http1.framing.coding-in-1.0': client(400, 'HTTP/1.0 has no Transfer-Encoding.', 'RFC 9112 §6.1'),
  'http1.framing.chunked-not-final': client(
    400,
    'The transfer coding does not end in chunked.',
    'RFC 9112 §6.3',
  ),
  'http1.framing.unknown-coding': client(501, 'The transfer coding is not supported.', 'RFC 9112 §6.1'),
  'http1.framing.content-in-connect': client(400, 'A CONNECT request has no body.', 'RFC 9110 §9.3.6'),
  'http1.framing.content-in-interim': upstream(502, 'An interim answer has no body.', 'RFC 9112 §6.1'),
  'http1.chunk.malformed-size': client(400, 'A chunk size is malformed.', 'RFC 9112 §7.1'),
  'http1.chunk.size-overflow': client(400, 'A chunk size has too many digits.', 'RFC 9112 §7.1'),
  'http1.chunk.malformed-extension': client(400, 'A chunk extension is malformed.', 'RFC 9112 §7.1.1'),
  'http1.chunk.extension-too-long': client(400, 'The chunk extensions are too long.', 'RFC 9112 §7.1.1'),
  'http1.chunk.malformed-end': client(400, 'A chunk does not end where its size says.', 'RFC 9112 §7.1'),
  'http1.trailer.malformed': client(400, 'The trailer section is malformed.', 'RFC 9112 §7.1.2'),
  'http1.trailer.too-large': client(431, 'The trailer section is too large.', 'RFC 9112 §7.1.2'),
  'http1.body.too-large': client(413, 'The request body is too large.', 'RFC 9110 §15.5.14'),
  'http1.body.incomplete': client(400, 'The connection ended inside the request body.', 'RFC 9112 §8'),
  'http1.body.length-required': client(411, 'The request needs a Content-Length.', 'RFC 9110 §15.5.12'),
  'http1.expectation.unknown': client(
    417,
    'The Expect field asks for something other than 100-continue.',
    'RFC 9110 §10.1.1',
  ),
  // Time and connections
  'http1.timeout.headers': client(408, 'The request header did not arrive in time.', 'RFC 9110 §15.5.9'),
  'http1.timeout.body': client(408, 'The request body stopped arriving.', 'RFC 9110 §15.5.9'),
  'http1.timeout.tunnel': client(408, 'Nothing has passed through the tunnel for too long.'),
  'http1.timeout.write-stall': client(499, 'The client stopped reading the answer.'),
  'client.gone': client(499, 'The client closed the connection before the answer was complete.'),
  // What a proxy in front says of a connection before its first request
  'proxy-protocol.untrusted': client(403, 'This peer may not speak for others.'),
  'proxy-protocol.malformed': client(400, 'The header of the PROXY protocol is malformed.'),
  'proxy-protocol.too-large': client(400, 'The header of the PROXY protocol is too large.'),
  'proxy-protocol.incomplete': client(400, 'The connection ended inside the header of the PROXY protocol.'),
  'proxy-protocol.timeout': client(408, 'The header of the PROXY protocol did not arrive in time.'),
  'server.connection-limit': internal(503, 'The server has too many connections at the moment.'),
  'server.shutting-down': internal(503, 'The server is shutting down.'),
  // What a handler may answer
  'request.not-found': client(404, 'There is nothing at this address.'),
  'request.forbidden': client(403, 'This is not for you to see.'),
  'request.method-not-allowed': client(405, 'This method is not allowed here.', 'RFC 9110 §15.5.6'),
  'request.method-unknown': client(501, 'This method is not implemented.', 'RFC 9110 §15.6.2'),
  'request.unauthorized': client(401, 'This needs credentials.', 'RFC 9110 §15.5.2'),
  'request.malformed-path': client(400, 'The path is malformed.'),
  'request.range-not-satisfiable': client(
    416,
    'The range lies outside of the representation.',
    'RFC 9110 §15.5.17',
  ),
  'request.precondition-failed': client(
    412,
    'A precondition of the request does not hold.',
    'RFC 9110 §15.5.13',
  ),
  'internal.failure': internal(500, 'Something went wrong on this server.'),
  'static.file-changed': internal(500, 'The file changed while it was sent.'),
  'static.unreadable': internal(500, 'The file could not be read.'),
  'static.no-directory': client(409, 'There is no directory for this file.', 'RFC 9110 §15.5.10'),
  'static.no-file': client(409, 'What is at this address is no file.', 'RFC 9110 §15.5.10'),
  'static.partial': client(400, 'A part of a file cannot be written.', 'RFC 9110 §14.5'),
  'static.coded': client(415, 'A file cannot be written in a content coding.', 'RFC 9110 §15.5.16'),
  'static.too-large': client(413, 'The file is larger than what may be written here.', 'RFC 9110 §15.5.14'),
  'static.no-space': internal(507, 'There is no room for the file.'),
  'static.unwritable': internal(500, 'The file could not be written.'),
  'static.tokens-unreadable': internal(500, 'Nobody can be admitted at the moment.'),
  'proxy.body-store-failed': internal(500, 'A body could not be kept.'),
  // Upstreams
  'upstream.connect-failed': upstream(502, 'The server behind this one could not be reached.'),
  'upstream.connect-timeout': upstream(504, 'The server behind this one could not be reached in time.'),
  'upstream.unresolved': upstream(502, 'The server behind this one has no address.'),
  'upstream.tls-certificate': upstream(
    502,
    'The server behind this one could not prove who it is.',
    'RFC 9110 §4.3.4',
  ),
  'upstream.tls-failed': upstream(502, 'TLS with the server behind this one failed.'),
  'upstream.closed-early': upstream(
    502,
    'The server behind this one closed the connection without an answer.',
  ),
  'upstream.reset': upstream(502, 'The server behind this one broke the connection.'),
  'upstream.malformed-response': upstream(
    502,
    'The server behind this one gave an answer that breaks the rules of HTTP.',
  ),
  'upstream.ambiguous-framing': upstream(
    502,
    'The answer of the server behind this one has no certain end.',
    'RFC 9112 §6.3',
  ),
  'upstream.unexpected-upgrade': upstream(
    502,
    'The server behind this one switched to a protocol that nobody has asked for.',
    'RFC 9110 §7.8',
  ),
  'upstream.tunnel-broken': upstream(502, 'The server behind this one takes no more of the tunnel.'),
  'upstream.too-many-interim': upstream(
    502,
    'The server behind this one did not come to its answer.',
    'RFC 9110 §15.2',
  ),
  'upstream.response-too-large': upstream(
    502,
    'The answer header of the server behind this one is too large.',
  ),
  'upstream.body-incomplete': upstream(502, 'The answer of the server behind this one ended too early.'),
  'upstream.first-byte-timeout': upstream(504, 'The server behind this one did not answer in time.'),
  'upstream.total-timeout': upstream(504, 'The servers behind this one did not answer in time.'),
  'upstream.idle-timeout': upstream(504, 'The server behind this one stopped in the middle of its answer.'),
  'upstream.no-server': upstream(503, 'No server is available for this request.'),
  'upstream.circuit-open': upstream(
    503,
    'The server behind this one has failed too often and is left alone for a moment.',
  ),
  'upstream.queue-full': upstream(503, 'Too many requests are waiting for the server behind this one.'),
  'upstream.redirect-limit': upstream(502, 'The server behind this one redirects too often.'),
} as const satisfies Record<string, ErrorInfo>;

/** The stable name of a failure, as it stands in the log. */
export type ErrorCode = keyof typeof errorCatalogue;

/** What the catalogue says of a code. */
export function errorInfo(code: ErrorCode): ErrorInfo {
  return errorCatalogue[code];
}

/** A failure that travels where no return value can carry it. Carries its catalogue code; the cause is for the log only. */
export class DreamError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, detail?: string, options?: ErrorOptions) {
    super(detail === undefined ? errorInfo(code).message : detail, options);
    this.name = 'DreamError';
    this.code = code;
  }
}

/** The catalogue code of anything that was thrown; `internal.failure` for what we did not expect. */
export function errorCodeOf(thrown: unknown): ErrorCode {
  return thrown instanceof DreamError ? thrown.code : 'internal.failure';
}

/** The system's name for what led to a failure of the catalogue, such as `EMFILE`, for the log; undefined where it was not the system. */
export function systemCodeOf(thrown: unknown): string | undefined {
  const { code } = ((thrown instanceof DreamError && thrown.cause) || {}) as NodeJS.ErrnoException;
  return typeof code === 'string' ? code : undefined;
}
