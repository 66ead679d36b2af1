import { AssertionError } from 'node:assert';
import { openSync, writeSync } from 'node:fs';
import type { TestEvent } from 'node:test/reporters';
import { inspect } from 'node:util';
import type { FileEvent } from './tally.ts';

/*
 * Runs inside the process of one test file and appends what happens there, a JSON line an event, to the file named
 * by DREAMSERVER_TEST_EVENTS. Written synchronously, so that whatever kills the process, what went before is known;
 * and not to stdout, which belongs to the test. Opened once, since a test may give up the right to open it again.
 */
const events = openSync(process.env['DREAMSERVER_TEST_EVENTS'] ?? '/dev/null', 'a');
delete process.env['DREAMSERVER_TEST_EVENTS'];

// oxlint-disable-next-line import/no-default-export -- what --test-reporter asks for
export default async function* report(source: AsyncIterable<TestEvent>): AsyncGenerator<string, void> {
  for await (const event of source) {
    const line = translate(event);
    if (line !== undefined) writeSync(events, `${JSON.stringify(line)}\n`);
  }
  yield '';
}

function translate({ type, data }: TestEvent): FileEvent | undefined {
  switch (type) {
    case 'test:dequeue':
      return { type: 'started', name: data.name, nesting: data.nesting };
    case 'test:complete':
      return { type: 'finished', name: data.name, nesting: data.nesting };
    case 'test:pass':
    case 'test:fail': {
      const error = type === 'test:fail' ? failure(data.details.error) : undefined;
      return {
        type: 'result',
        name: data.name,
        nesting: data.nesting,
        line: data.line ?? 0,
        passed: type === 'test:pass',
        isSuite: data.details.type === 'suite',
        ...(data.skip === undefined || data.skip === false ? {} : { skip: data.skip || true }),
        ...(data.todo === undefined || data.todo === false ? {} : { todo: true }),
        ...(error === undefined ? {} : { error }),
      };
    }
    case 'test:diagnostic':
      return data.message.startsWith('Error: ') ? { type: 'complaint', message: data.message } : undefined;
    case 'test:summary':
      return { type: 'ended' };
    default:
      return undefined;
  }
}

/** node:test wraps what was thrown; a parent of failed tests carries no error of its own. */
function failure(error: Error & { failureType?: string }): string | undefined {
  if (error.failureType === 'subtestsFailed') return undefined;
  const cause = error.cause ?? error.message;
  if (typeof cause === 'string') return cause;
  // The message of an assertion holds the difference already; inspecting the error would print both sides again.
  const text = cause instanceof AssertionError ? cause.stack : undefined;
  return (text ?? inspect(cause, { depth: 6 })).replaceAll(/\n +at [^\n]*node:internal[^\n]*/g, '');
}
