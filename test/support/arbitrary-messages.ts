import fc from 'fast-check';
import { readBytes } from './wire-notation.ts';

/** Parts of messages as the grammar of RFC 9110 and RFC 9112 has them, for tests of properties. */

const ALPHANUMERIC = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
const TCHAR = `${ALPHANUMERIC}!#$%&'*+-.^_\`|~`;
const VCHAR = String.fromCharCode(...Array.from({ length: 0x7e - 0x20 }, (_, i) => 0x21 + i));
const OBS_TEXT = String.fromCharCode(...Array.from({ length: 0x80 }, (_, i) => 0x80 + i));

/** One character of these. */
function oneOf(members: string): fc.Arbitrary<string> {
  return fc.nat({ max: members.length - 1 }).map((place) => members.charAt(place));
}

function text(members: string, size: { minLength?: number; maxLength: number }): fc.Arbitrary<string> {
  return fc.array(oneOf(members), size).map((parts) => parts.join(''));
}

export const token = text(TCHAR, { minLength: 1, maxLength: 12 });

/** Optional white space. */
export const blanks = text(' \t', { maxLength: 3 });

/** A value without the white space around it, which is none of it (RFC 9110 §5.5). */
export const fieldValue = text(`${VCHAR}${OBS_TEXT} \t`, { maxLength: 30 }).map((value) =>
  value.replaceAll(/^[ \t]+|[ \t]+$/g, ''),
);

/** A field as name and value; never one that frames, routes or concerns the connection. */
export const field = fc.tuple(
  fc.oneof(
    fc.constantFrom('Accept', 'cookie', 'User-Agent', 'ETag', 'CONTENT-TYPE', 'Content-Digest'),
    token.map((name) => `z${name}`),
  ),
  fieldValue,
);

/** A path in its normal form, percent-encoding included. */
export const normalPath = fc
  .array(
    fc
      .array(fc.oneof(oneOf(`${ALPHANUMERIC}-_~!$&'()*+,=:@`), fc.constantFrom('%2F', '%C3', '%25')), {
        minLength: 1,
        maxLength: 8,
      })
      .map((parts) => parts.join('')),
    { maxLength: 4 },
  )
  .map((segments) => `/${segments.join('/')}`);

export const query = fc.oneof(
  fc.constant(''),
  text(`${ALPHANUMERIC}-._~!$&'()*+,;=:@/?%`, { maxLength: 20 }).map((value) => `?${value}`),
);

export const authority = fc.oneof(
  fc.constantFrom('a', 'a.example:8080', '127.0.0.1', '[::1]:443', 'xn--bcher-kva.example'),
  text('abcdefghijklmnopqrstuvwxyz0123456789-.', { minLength: 1, maxLength: 20 }),
);

const quotedString = fc
  .array(
    fc.oneof(
      oneOf(`${VCHAR}${OBS_TEXT} \t`).filter((byte) => byte !== '"' && byte !== '\\'),
      oneOf(`${VCHAR}${OBS_TEXT} \t`).map((byte) => `\\${byte}`),
    ),
    { maxLength: 8 },
  )
  .map((parts) => `"${parts.join('')}"`);

/** The extensions of one chunk (RFC 9112 §7.1.1), often none. */
export const chunkExtensions = fc
  .array(
    fc
      .tuple(blanks, blanks, token, fc.option(fc.tuple(blanks, blanks, fc.oneof(token, quotedString))))
      .map(([before, after, name, value]) => {
        const given = value === null ? '' : `${value[0]}=${value[1]}${value[2]}`;
        return `${before};${after}${name}${given}`;
      }),
    { maxLength: 2 },
  )
  .map((parts) => parts.join(''));

/** Places between 0 and 1 at which something of any length is cut. */
export const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 8 });

/** A message in pieces, none of them empty. */
export function inPieces(message: Buffer, places: readonly number[]): Buffer[] {
  const ends = places.map((place) => Math.round(place * message.length));
  const all = [...new Set([0, ...ends, message.length])].toSorted((a, b) => a - b);
  return all.slice(1).map((end, i) => message.subarray(all[i], end));
}

/** Where readers differ, one a line. */
const TROUBLE = String.raw`
\r
\n
\r\n
\r\n\r\n
\0
\x20
\t
:
;
,
"
\\
%
.
..
/
?
#
*
0
1
0\r\n\r\n
ffffffff
+5
0x5
;a="
\x0b
\x7f
\x85
\xa0
\xff
chunked
Content-Length: 5\r\n
Transfer-Encoding: chunked\r\n
Host: b\r\n
HTTP/1.0
 HTTP/1.1\r\n
Connection: close\r\n
Expect: 100-continue\r\n
GET / HTTP/1.1\r\nHost: a\r\n\r\n
%2e%2e
%2f
%00`
  .trim()
  .split('\n')
  .map((line) => readBytes([line]).bytes.toString('latin1'));

/** A change to a message, as if by accident or by intent: something put in, left out, repeated, or changed. */
export type Mutation = (message: string) => string;

const place = fc.double({ min: 0, max: 1, noNaN: true });
const span = fc.integer({ min: 1, max: 12 });

export const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.tuple(place, fc.constantFrom(...TROUBLE)).map(([at, what]) => splice(at, 0, () => what)),
  fc
    .tuple(place, fc.constantFrom(...TROUBLE), span)
    .map(([at, what, length]) => splice(at, length, () => what)),
  fc.tuple(place, span).map(([at, length]) => splice(at, length, () => '')),
  fc.tuple(place, span).map(([at, length]) => splice(at, length, (part) => part + part)),
  fc
    .tuple(place, fc.integer({ min: 0, max: 255 }))
    .map(([at, byte]) => splice(at, 1, () => String.fromCharCode(byte))),
  fc
    .tuple(place, fc.integer({ min: 0, max: 7 }))
    .map(([at, bit]) =>
      splice(at, 1, (part) => String.fromCharCode((part.charCodeAt(0) ^ (1 << bit)) & 0xff)),
    ),
);

function splice(at: number, length: number, change: (part: string) => string): Mutation {
  return (message) => {
    const start = Math.floor(at * message.length);
    const part = message.slice(start, start + length);
    return message.slice(0, start) + change(part) + message.slice(start + length);
  };
}
