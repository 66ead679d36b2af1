/** One part of a `multipart/byteranges` body. */
export interface BytePart {
  readonly type: string;
  readonly contentRange: string;
  readonly bytes: Buffer;
}

const CONTENT_TYPE = /^multipart\/byteranges; boundary=([\w'()+,./:=?-]{1,70})$/;
const PART_HEAD = /^Content-Type: ([^\r\n]+)\r\nContent-Range: (bytes (\d+)-(\d+)\/\d+)\r\n\r\n/;

/**
 * Reads a `multipart/byteranges` body (RFC 9110 §14.6, RFC 2046 §5.1) as it has to be written: no preamble, no epilogue, in
 * each part just these two fields and as many bytes as its Content-Range says.
 *
 * @throws Error saying what is malformed
 */
export function parseByteranges(contentType: string | undefined, body: Buffer): BytePart[] {
  const boundary = CONTENT_TYPE.exec(contentType ?? '')?.[1];
  if (boundary === undefined) throw new Error(`no multipart/byteranges: ${contentType}`);
  const text = body.toString('latin1');
  const parts: BytePart[] = [];
  const expect = (what: string, at: number): number => {
    if (!text.startsWith(what, at)) throw new Error(`expected ${JSON.stringify(what)} at byte ${at}`);
    return at + what.length;
  };
  let at = expect(`--${boundary}`, 0);
  while (!text.startsWith('--', at)) {
    at = expect('\r\n', at);
    const [head, type, contentRange, first, last] = PART_HEAD.exec(text.slice(at, at + 1024)) ?? [];
    if (head === undefined || type === undefined || contentRange === undefined)
      throw new Error(`no head of a part at byte ${at}`);
    const start = at + head.length;
    const end = start + Number(last) - Number(first) + 1;
    parts.push({ type, contentRange, bytes: body.subarray(start, end) });
    at = expect(`\r\n--${boundary}`, end);
  }
  if (expect('--\r\n', at) !== text.length) throw new Error(`something stands behind byte ${at + 4}`);
  return parts;
}
