import { malformed, parseChunked, parseField, type RawResponse } from './parse-response.ts';

/** A request as it stands on the wire, as far as it has come. */
export interface RawRequestMessage {
  readonly method: string;
  readonly target: string;
  /** Names as sent, in order, duplicates kept. */
  readonly fields: RawResponse['fields'];
  readonly trailers: RawResponse['fields'];
  readonly body: Buffer;
  readonly complete: boolean;
  /** Bytes of the input that belong to it, if it is complete. */
  readonly consumed: number;
}

const REQUEST_LINE = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([\x21-\x7e\x80-\xff]+) HTTP\/1\.[01]$/;
const ANY_REQUEST_LINE = /^(\S+) (\S+) HTTP\/\d\.\d$/;
const CODING = /^chunked$/i;
const ANY_CODING = /chunked[\t ,]*$/i;
const LENGTH = /^(0|[1-9]\d{0,15})$/;
const ANY_LENGTH = /^\d+$/;
const CHUNK = /^[0-9a-fA-F]+\r\n/;

/**
 * Reads one request off the front of `bytes`, as strictly as RFC 9112 allows a writer to be read: what a proxy sends
 * leaves no reader a choice. Undefined while its head is not all there.
 *
 * @param tolerant take what other proxies write: any version, any bytes in a field, zeros in front of a length
 * @throws Error saying what is malformed
 */
export function parseRawRequest(bytes: Buffer, tolerant = false): RawRequestMessage | undefined {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd < 0) return undefined;
  const [requestLine = '', ...lines] = bytes.toString('latin1', 0, headEnd).split('\r\n');
  const match = (tolerant ? ANY_REQUEST_LINE : REQUEST_LINE).exec(requestLine);
  if (!match) throw malformed('request line', bytes);
  const readField = tolerant ? anyField : parseField;
  const fields = lines.map((line) => readField(line, bytes));
  const values = (name: string): string[] =>
    fields.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value);
  const lengths = values('content-length');
  const codings = values('transfer-encoding');
  if (lengths.length + codings.length > 1) throw malformed('several framing fields', bytes);
  if (lengths.length === 1 && !(tolerant ? ANY_LENGTH : LENGTH).test(lengths[0]))
    throw malformed('Content-Length', bytes);
  if (codings.length === 1 && !(tolerant ? ANY_CODING : CODING).test(codings[0])) {
    throw malformed('Transfer-Encoding', bytes);
  }
  const start = headEnd + 4;
  const head = { method: match[1], target: match[2], fields, trailers: [] };
  if (codings.length === 0) {
    const end = start + Number(lengths[0] ?? '0');
    return { ...head, body: bytes.subarray(start, end), complete: bytes.length >= end, consumed: end };
  }
  const chunked = parseChunked(bytes, start, readField);
  if (chunked === undefined) return { ...head, body: partOf(bytes, start), complete: false, consumed: 0 };
  return { ...head, body: chunked.body, trailers: chunked.trailers, complete: true, consumed: chunked.end };
}

function anyField(line: string, bytes: Buffer): readonly [string, string] {
  const colon = line.indexOf(':');
  if (colon < 1) throw malformed('field line', bytes);
  return [line.slice(0, colon), line.slice(colon + 1).trim()];
}

/** The data of the chunks that have come, the last one perhaps cut off. */
function partOf(bytes: Buffer, start: number): Buffer {
  const parts: Buffer[] = [];
  for (let at = start; ;) {
    const line = CHUNK.exec(bytes.toString('latin1', at, at + 20))?.[0];
    if (line === undefined) return Buffer.concat(parts);
    const from = at + line.length;
    at = from + Number.parseInt(line, 16) + 2;
    parts.push(bytes.subarray(from, at - 2));
  }
}
