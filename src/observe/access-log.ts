import { combinedLine, dreamLine, jsonLine } from './access-line.ts';
import type { AccessRecord } from './access-record.ts';
import type { LogSink } from './log-sink.ts';

/** How a request is written: our own line, a JSON object, or the combined format of Apache and nginx. */
export type AccessLogFormat = 'dream' | 'json' | 'combined';

/** Where every request ends up. */
export interface AccessLog {
  /** One line for one request. Never waits. */
  request(record: AccessRecord): void;
}

const LINES = { dream: dreamLine, json: jsonLine, combined: combinedLine } satisfies Record<
  AccessLogFormat,
  (record: AccessRecord) => string
>;

/** An access log in one of the formats of docs/logging.md. The sink remains the caller's to flush and close. */
export function createAccessLog({ format, sink }: { format: AccessLogFormat; sink: LogSink }): AccessLog {
  const line = LINES[format];
  return { request: (record) => sink.write(line(record)) };
}
