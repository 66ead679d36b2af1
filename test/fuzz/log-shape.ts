import { combinedLine, dreamLine, jsonLine } from '../../src/observe/access-line.ts';
import type { AccessRecord } from '../../src/observe/access-record.ts';
import { parseAccessLog } from '../support/access-log.ts';
import { Finding } from './finding.ts';

const PRINTABLE_LINE = /^[\x20-\x7e]+\n$/;
const COMBINED =
  /^\S+ - - \[[^\]]+\] "(?:[^"\\]|\\x[0-9a-f]{2})*" \d{3} \d+ "(?:[^"\\]|\\x[0-9a-f]{2})*" "(?:[^"\\]|\\x[0-9a-f]{2})*"\n$/;
const KEYS = 'id ip method host path status bytes latency error cause at'.split(' ');

/** Each record as the line of each format: one line, its fields and no others, nothing in them that was not sent. */
export function checkLog(log: readonly AccessRecord[]): void {
  for (const record of log) {
    const dream = dreamLine(record);
    const json = jsonLine(record);
    const combined = combinedLine(record);
    for (const line of [dream, json, combined]) {
      if (!PRINTABLE_LINE.test(line))
        throw new Finding('log', `not one printable line: ${JSON.stringify(line)}`);
    }
    checkDream(dream, record);
    checkJson(json, record);
    if (!COMBINED.test(combined)) throw new Finding('log', `out of shape: ${combined}`);
  }
}

function checkDream(line: string, record: AccessRecord): void {
  let entries: ReturnType<typeof parseAccessLog>;
  try {
    entries = parseAccessLog([line.slice(0, -1)]);
  } catch (error) {
    throw new Finding('log', (error as Error).message, { cause: error });
  }
  const [entry] = entries;
  const strange = Object.keys(entry).filter((key) => !KEYS.includes(key));
  if (strange.length > 0) throw new Finding('log', `forged fields ${strange.join()}: ${line}`);
  for (const key of ['method', 'host', 'path'] as const) {
    const value = entry[key] === '-' ? '' : entry[key];
    const sent = record[key] === '-' ? '' : record[key];
    if (unescape(value) !== sent) throw new Finding('log', `${key} is not what was sent: ${line}`);
  }
}

function unescape(value: string): string {
  return value.replaceAll(/\\x([0-9a-f]{2})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
}

function checkJson(line: string, record: AccessRecord): void {
  const entry = JSON.parse(line) as Record<string, unknown>;
  const strange = Object.keys(entry).filter((key) => key !== 'time' && !KEYS.includes(key));
  if (strange.length > 0) throw new Finding('log', `forged fields ${strange.join()}: ${line}`);
  for (const key of ['method', 'host', 'path', 'status', 'bytes'] as const) {
    if (entry[key] !== record[key]) throw new Finding('log', `${key} is not what was sent: ${line}`);
  }
}
