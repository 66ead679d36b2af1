import { httpDateNow } from '../core/clock.ts';
import { flat } from '../core/latin1.ts';
import { REMOVED, SPAN } from '../http/header-list.ts';
import type { ReadonlyHeaderList } from '../http/header-list.ts';
import { STATUS_CODES } from '../http/status.ts';
import { CR, SP } from './chars.ts';

/**
 * The field lines of a list, each with its CRLF, without the fields in `omit` and those that the list's Connection
 * field names. Neighbours that go out as they came in are taken as one piece of the text.
 */
export function encodeFields(
  list: ReadonlyHeaderList,
  omit: Uint8Array,
  nominated: ReadonlySet<string> | undefined,
): string {
  const { spans, text, added } = list;
  let out = '';
  let runStart = -1;
  let runEnd = -1;
  for (let i = 0; i < spans.length; i += SPAN) {
    const number = spans[i];
    if (number === REMOVED || omit[number] === 1) continue;
    const nameStart = spans[i + 1];
    const nameEnd = spans[i + 2];
    const valueStart = spans[i + 3];
    const valueEnd = spans[i + 4];
    if (nominated !== undefined && nominated.has(text.slice(nameStart, nameEnd).toLowerCase())) continue;
    // A line in the one form that we write (`name: value`) stays where it is; a run of such lines is one piece.
    const canonical =
      valueStart === nameEnd + 2 && text.charCodeAt(nameEnd + 1) === SP && text.charCodeAt(valueEnd) === CR;
    if (canonical && nameStart === runEnd) {
      runEnd = valueEnd + 2;
      continue;
    }
    if (runStart !== -1) out += text.slice(runStart, runEnd);
    runStart = canonical ? nameStart : -1;
    runEnd = canonical ? valueEnd + 2 : -1;
    if (!canonical) out += `${text.slice(nameStart, nameEnd)}: ${text.slice(valueStart, valueEnd)}\r\n`;
  }
  if (runStart !== -1) out += text.slice(runStart, runEnd);
  for (let i = 0; i < added.length; i += 2) {
    const name = added[i];
    if (nominated !== undefined && nominated.has(name.toLowerCase())) continue;
    out += `${name}: ${added[i + 1]}\r\n`;
  }
  return out;
}

/** The status line with its CRLF (RFC 9112 §4): always our own version, whatever the client speaks (RFC 9110 §6.2). */
export function statusLine(status: number, reason: string | undefined): string {
  return reason === undefined
    ? (STATUS_LINES[status] ?? `HTTP/1.1 ${status} \r\n`)
    : `HTTP/1.1 ${status} ${reason}\r\n`;
}

const STATUS_LINES: string[] = [];
for (const [status, reason] of Object.entries(STATUS_CODES))
  STATUS_LINES[Number(status)] = `HTTP/1.1 ${status} ${reason}\r\n`;

let dateLine = '';
let dateOfLine = '';

/** The Date field line, made once a second, and the beginning of that of the request's id, which stands behind it. */
export function dateAndId(): string {
  const date = httpDateNow();
  if (date !== dateOfLine) {
    dateOfLine = date;
    dateLine = flat(`Date: ${date}\r\nX-Request-Id: `);
  }
  return dateLine;
}
