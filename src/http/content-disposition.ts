/** What `filename` can hold so that every reader takes it for the same: no quote, no backslash, no percent (RFC 6266 §D). */
const NOT_PLAIN = /[^\x20-\x7e]|["\\%]/gu;

/** What a value of RFC 8187 §3.2.1 may hold as it is, and `encodeURIComponent` leaves or makes so. */
const NOT_ATTR_CHAR = /['()*]/g;

/**
 * A Content-Disposition that has a client save the answer under a name (RFC 6266). A name that is not plain ASCII stands
 * in it twice: encoded (RFC 8187), and for old clients with `_` in place of what they would not understand. The name is
 * Unicode text; no character of it can end the value.
 */
export function attachment(fileName: string): string {
  const plain = fileName.replaceAll(NOT_PLAIN, '_');
  if (plain === fileName) return `attachment; filename="${plain}"`;
  const encoded = encodeURIComponent(fileName.toWellFormed()).replaceAll(
    NOT_ATTR_CHAR,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`;
}
