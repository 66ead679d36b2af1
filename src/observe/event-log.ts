import { eventLine } from './event-line.ts';
import type { EventFields } from './event-line.ts';
import type { LogSink } from './log-sink.ts';

/** Where the server says what happens to itself, apart from requests. The area names the part that speaks, in capitals. */
export interface EventLog {
  info(area: string, fields: EventFields): void;
  warn(area: string, fields: EventFields): void;
  error(area: string, fields: EventFields): void;
}

/** An event log into a sink, by custom the one of stderr. The sink remains the caller's to flush and close. */
export function createEventLog(sink: LogSink): EventLog {
  return {
    info: (area, fields) => sink.write(eventLine('INFO', area, fields)),
    warn: (area, fields) => sink.write(eventLine('WARN', area, fields)),
    error: (area, fields) => sink.write(eventLine('ERROR', area, fields)),
  };
}
