import { head } from '../support/message.ts';
import { field, fieldValues, type RawResponse } from '../support/parse-response.ts';
import { exchange } from '../support/raw-connection.ts';
import type { StaticCase } from './static-case.ts';

/** Sends the request of a case, with the server's own entity-tag where the case names it. */
export async function askFor(
  port: number,
  { method, target, version, fields }: StaticCase,
): Promise<RawResponse> {
  const namesTag = fields.some((line) => line.includes('{etag}'));
  const tag = namesTag ? await entityTag(port, target, fields) : '';
  const lines = fields.map((line) => line.replaceAll('{etag}', tag));
  return exchange(port, head(`${method} ${target} ${version}`, ...lines));
}

/** The entity-tag of what these fields select when they ask without conditions. */
async function entityTag(port: number, target: string, fields: readonly string[]): Promise<string> {
  const selecting = fields.filter((line) => /^(?:host|accept-encoding):/i.test(line));
  const tag = field(await exchange(port, head(`GET ${target} HTTP/1.1`, ...selecting)), 'ETag');
  if (tag === undefined) throw new Error(`${target} has no ETag`);
  return tag;
}

/** What in an answer means something to a client, by name; what is absent is left out. */
export type Meaning = Readonly<Record<string, string>>;

const ALWAYS = ['Content-Range', 'Allow', 'Location'];
const OF_SUCCESS = ['Accept-Ranges', 'Content-Encoding', 'Content-Language', 'Cache-Control', 'Expires'];

/**
 * What two servers have to agree on, but for what is each one's own: dates of the answer, names, the words of error
 * pages, the characters of an entity-tag (its kind is compared), the boundary between the parts of a body.
 */
export function meaningOf(response: RawResponse): Meaning {
  const { status } = response;
  const meaning: Record<string, string> = {};
  const note = (name: string, value: string | undefined): void => {
    if (value !== undefined) meaning[name] = value;
  };
  for (const name of ALWAYS) note(name, listOf(response, name));
  if (status >= 300 && status !== 304) return meaning;
  for (const name of OF_SUCCESS) note(name, listOf(response, name));
  note('Vary', listOf(response, 'Vary'));
  note('Last-Modified', field(response, 'Last-Modified'));
  const etag = field(response, 'ETag');
  note('ETag', etag && (etag.startsWith('W/') ? 'weak' : 'strong'));
  if (status === 304 || status === 204) return meaning;
  note('Content-Length', field(response, 'Content-Length'));
  const type = field(response, 'Content-Type')
    ?.toLowerCase()
    .replaceAll(/\s*;\s*/g, '; ');
  const boundary = /^multipart\/byteranges; boundary="?([^"]+)"?$/.exec(type ?? '')?.[1];
  note('Content-Type', boundary === undefined ? type : 'multipart/byteranges');
  if (boundary === undefined) return { ...meaning, body: response.body.toString('latin1') };
  delete meaning['Content-Length'];
  return { ...meaning, body: partsOf(response.body.toString('latin1'), boundary) };
}

/** The parts of a multipart/byteranges body (RFC 9110 §14.6), as `bytes 0-1/10: 01; bytes 5-6/10: 56`. */
function partsOf(body: string, boundary: string): string {
  const parts = body.toLowerCase().split(`--${boundary}`).slice(1, -1);
  return parts
    .map((part) => {
      const [, range, content] =
        /\r\ncontent-range: ([^\r]+)\r\n(?:[^\r]+\r\n)*\r\n([^]*)\r\n$/.exec(part) ?? [];
      return `${range}: ${content}`;
    })
    .join('; ');
}

function listOf(response: RawResponse, name: string): string | undefined {
  const values = fieldValues(response, name);
  return values.length === 0 ? undefined : values.join(', ');
}

/**
 * In what the second answer is another than the first, as `docs/compat-static.md` writes it: the status alone where that
 * differs, else each field as the second has it.
 */
export function difference(ours: RawResponse, theirs: RawResponse): string[] {
  if (ours.status !== theirs.status) return [String(theirs.status)];
  const [a, b] = [meaningOf(ours), meaningOf(theirs)];
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])];
  return names
    .filter((name) => a[name] !== b[name])
    .map((name) => {
      if (name === 'body') return 'other body';
      const value = b[name];
      return value === undefined ? `no ${name}` : `${name}: ${value}`;
    });
}
