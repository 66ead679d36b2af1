import { fieldValue } from './escape.ts';

/** How much an event matters to the person who runs the server. */
export type EventLevel = 'INFO' | 'WARN' | 'ERROR';

/** What an event says, in the order in which it stands in the line. What is undefined is left out. */
export type EventFields = Readonly<Record<string, string | number | undefined>>;

/**
 * The line of a server event: `[WARN] DREAM_SERVER UPSTREAM | upstream=django | error=…`, with its line feed. Area and
 * keys are written as they are; values are escaped.
 */
export function eventLine(level: EventLevel, area: string, fields: EventFields): string {
  let line = `[${level}] DREAM_SERVER ${area}`;
  for (const [key, value] of Object.entries(fields)) {
    if (value !== undefined) line += ` | ${key}=${typeof value === 'number' ? value : fieldValue(value)}`;
  }
  return `${line}\n`;
}
