/** One line of the access log, by key. */
export interface AccessLogEntry {
  readonly id: string;
  readonly ip: string;
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly status: string;
  readonly bytes: string;
  readonly latency: string;
  readonly [key: string]: string;
}

const PREFIX = '[INFO] DREAM_SERVER REQUEST | ';
const KEYS = ['id', 'ip', 'method', 'host', 'path', 'status', 'bytes', 'latency'];

/**
 * The requests among the lines of a log in `dream` format.
 *
 * @throws Error at a request line out of shape: wrong keys, wrong order, an id that is no UUID, a status or a
 *   count that is no number
 */
export function parseAccessLog(lines: readonly string[]): AccessLogEntry[] {
  return lines.filter((line) => line.includes('DREAM_SERVER REQUEST')).map(parseLine);
}

function parseLine(line: string): AccessLogEntry {
  const wrong = (what: string): Error => new Error(`log line out of shape (${what}): ${line}`);
  if (!line.startsWith(PREFIX)) throw wrong('prefix');
  const pairs = line
    .slice(PREFIX.length)
    .split(' | ')
    .map((part) => {
      const equals = part.indexOf('=');
      if (equals <= 0) throw wrong(part);
      return [part.slice(0, equals), part.slice(equals + 1)] as const;
    });
  if (KEYS.some((key, index) => pairs[index]?.[0] !== key)) throw wrong('keys');
  const entry = Object.fromEntries(pairs) as AccessLogEntry;
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(entry.id)) throw wrong('id');
  if (!/^[1-5]\d\d$/.test(entry.status)) throw wrong('status');
  if (!/^\d+$/.test(entry.bytes)) throw wrong('bytes');
  if (!/^\d+(\.\d+)?m?s$/.test(entry.latency)) throw wrong('latency');
  return entry;
}
