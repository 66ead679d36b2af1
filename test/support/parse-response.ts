/** A response as it stood on the wire. */
export interface RawResponse {
  readonly version: string;
  readonly status: number;
  readonly reason: string;
  /** Names as sent, in order, duplicates kept. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
  readonly trailers: readonly (readonly [name: string, value: string])[];
  readonly framing: 'none' | 'length' | 'chunked' | 'until-close';
  /** Interim (1xx) responses that came before it. */
  readonly interim: readonly RawResponse[];
}

export interface Parsed {
  readonly response: RawResponse;
  /** Bytes of the input that belong to it. */
  readonly consumed: number;
}

/** The input ends too early: at least so many bytes more are needed. */
export interface Incomplete {
  readonly missing: number;
}

const STATUS_LINE = /^(HTTP\/1\.[01]) ([1-5]\d\d) ([\t\x20-\x7e\x80-\xff]*)$/;
const FIELD_LINE =
  /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*((?:[\x21-\xff](?:[\t\x20-\xff]*[\x21-\xff])?)?)[ \t]*$/;
const CHUNK_LINE = /^([0-9a-fA-F]{1,8})$/;

/**
 * Reads one response off the front of `bytes`, as strictly as RFC 9112 allows a writer to be read: nothing that
 * a lenient client would repair is accepted.
 *
 * @param method method of the request it answers: HEAD and CONNECT change its framing
 * @param ended whether the connection has ended behind `bytes`
 * @throws Error saying what is malformed
 */
export function parseResponse(bytes: Buffer, method: string, ended: boolean): Parsed | Incomplete {
  const interim: RawResponse[] = [];
  let at = 0;
  for (;;) {
    const parsed = parseOne(bytes.subarray(at), method, ended);
    if ('missing' in parsed) return parsed;
    at += parsed.consumed;
    const { response } = parsed;
    if (response.status >= 200 || response.status === 101) {
      return { response: { ...response, interim }, consumed: at };
    }
    interim.push(response);
  }
}

/** Every value of a field, in order. */
export function fieldValues(response: RawResponse, name: string): string[] {
  return response.fields
    .filter(([key]) => key.toLowerCase() === name.toLowerCase())
    .map(([, value]) => value);
}

/** A field's only value. @throws Error when it was sent more than once */
export function field(response: RawResponse, name: string): string | undefined {
  const values = fieldValues(response, name);
  if (values.length > 1) throw new Error(`${name} sent ${values.length} times: ${values.join(' | ')}`);
  return values[0];
}

function parseOne(bytes: Buffer, method: string, ended: boolean): Parsed | Incomplete {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd < 0) {
    if (ended && bytes.length > 0) throw malformed('connection ended inside the head', bytes);
    return SOME;
  }
  const [statusLine = '', ...lines] = bytes.toString('latin1', 0, headEnd).split('\r\n');
  const match = STATUS_LINE.exec(statusLine);
  if (!match) throw malformed('status line', bytes);
  const fields = lines.map((line) => parseField(line, bytes));
  const head = { version: match[1], status: Number(match[2]), reason: match[3], fields, interim: [] };
  const bodyAt = headEnd + 4;
  const framing = framingOf(head.status, fields, method, bytes);
  const done = (body: Buffer, consumed: number, trailers: RawResponse['trailers'] = []): Parsed => ({
    response: { ...head, body, trailers, framing: framing.kind },
    consumed,
  });
  switch (framing.kind) {
    case 'none':
      return done(Buffer.alloc(0), bodyAt);
    case 'length': {
      const end = bodyAt + framing.length;
      if (bytes.length >= end) return done(bytes.subarray(bodyAt, end), end);
      if (ended) throw new Error(`body of ${framing.length} bytes ended after ${bytes.length - bodyAt}`);
      return { missing: end - bytes.length };
    }
    case 'chunked': {
      const chunked = parseChunked(bytes, bodyAt);
      if (chunked) return done(chunked.body, chunked.end, chunked.trailers);
      if (ended) throw malformed('chunked body ended before its last chunk', bytes);
      return SOME;
    }
    case 'until-close':
      return ended ? done(bytes.subarray(bodyAt), bytes.length) : SOME;
  }
}

/** How much is missing is not known before the next byte is. */
const SOME: Incomplete = { missing: 1 };

/** RFC 9112 §6.3, in its order. */
function framingOf(
  status: number,
  fields: RawResponse['fields'],
  method: string,
  bytes: Buffer,
): { kind: RawResponse['framing']; length: number } {
  const values = (name: string): string[] =>
    fields.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value);
  const lengths = values('content-length');
  const codings = values('transfer-encoding');
  if (lengths.length > 0 && codings.length > 0)
    throw malformed('Content-Length and Transfer-Encoding', bytes);
  if (lengths.length > 1) throw malformed('several Content-Length', bytes);
  if (status < 200 || status === 204) {
    if (lengths.length + codings.length > 0) throw malformed(`framing fields in a ${status}`, bytes);
    return { kind: 'none', length: 0 };
  }
  if (lengths.length === 1 && !/^(0|[1-9]\d{0,15})$/.test(lengths[0]))
    throw malformed('Content-Length', bytes);
  if (codings.length > 0 && codings.join() !== 'chunked') throw malformed('Transfer-Encoding', bytes);
  if (method === 'HEAD' || status === 304) return { kind: 'none', length: 0 };
  if (codings.length > 0) return { kind: 'chunked', length: 0 };
  if (lengths.length > 0) return { kind: 'length', length: Number(lengths[0]) };
  return { kind: 'until-close', length: 0 };
}

/** A chunked body without extensions, from `start` on; undefined when it is not all there. @throws Error */
export function parseChunked(
  bytes: Buffer,
  start: number,
  readField = parseField,
): { body: Buffer; end: number; trailers: RawResponse['trailers'] } | undefined {
  const parts: Buffer[] = [];
  let at = start;
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd < 0) return undefined;
    const size = CHUNK_LINE.exec(bytes.toString('latin1', at, lineEnd));
    if (!size) throw malformed('chunk line', bytes.subarray(at));
    const length = Number.parseInt(size[1], 16);
    at = lineEnd + 2;
    if (length === 0) break;
    if (bytes.length < at + length + 2) return undefined;
    if (bytes.toString('latin1', at + length, at + length + 2) !== '\r\n') {
      throw malformed('end of chunk', bytes.subarray(at + length));
    }
    parts.push(bytes.subarray(at, at + length));
    at += length + 2;
  }
  const trailers: (readonly [string, string])[] = [];
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd < 0) return undefined;
    const line = bytes.toString('latin1', at, lineEnd);
    at = lineEnd + 2;
    if (line === '') return { body: Buffer.concat(parts), end: at, trailers };
    trailers.push(readField(line, bytes));
  }
}

/** A field line as a careful writer sends it. @throws Error */
export function parseField(line: string, bytes: Buffer): readonly [string, string] {
  const match = FIELD_LINE.exec(line);
  if (!match) throw malformed(`field line ${JSON.stringify(line)}`, bytes);
  return [match[1], match[2]];
}

/** The error for bytes that nobody may write. */
export function malformed(what: string, bytes: Buffer): Error {
  return new Error(`malformed: ${what} in ${JSON.stringify(bytes.toString('latin1', 0, 400))}`);
}
