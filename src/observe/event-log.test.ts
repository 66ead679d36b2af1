import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createEventLog } from './event-log.ts';
import type { LogSink } from './log-sink.ts';

function eventLog() {
  const lines: string[] = [];
  const sink = { write: (line: string) => void lines.push(line) } as Partial<LogSink> as LogSink;
  return { lines, log: createEventLog(sink) };
}

test('an event is a line with its level, its area and its fields in order', () => {
  const { lines, log } = eventLog();
  log.info('START', { address: 'http://0.0.0.0:8080', workers: 2 });
  log.warn('UPSTREAM', { upstream: 'django', server: '10.0.0.1:8000', error: 'connect ECONNREFUSED' });
  log.error('WORKER', { worker: 1 });
  assert.deepEqual(lines, [
    '[INFO] DREAM_SERVER START | address=http://0.0.0.0:8080 | workers=2\n',
    '[WARN] DREAM_SERVER UPSTREAM | upstream=django | server=10.0.0.1:8000 | error=connect ECONNREFUSED\n',
    '[ERROR] DREAM_SERVER WORKER | worker=1\n',
  ]);
});

test('what is undefined is left out', () => {
  const { lines, log } = eventLog();
  log.info('STOP', { signal: undefined, requests: 0 });
  assert.deepEqual(lines, ['[INFO] DREAM_SERVER STOP | requests=0\n']);
});

test('values are escaped', () => {
  const { lines, log } = eventLog();
  log.error('LOG', { error: 'broken\n[INFO] | Ω', target: '' });
  assert.deepEqual(lines, ['[ERROR] DREAM_SERVER LOG | error=broken\\x0a[INFO] \\x7c \\u03a9 | target=-\n']);
});
