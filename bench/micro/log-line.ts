/**
 * What does a line of the access log cost, from the record to the write of its batch? CPU time (user + system) a line,
 * the best of several interleaved rounds, written to /dev/null.
 *
 *   node bench/micro/log-line.ts [--rounds N]
 */
import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import { createAccessLog } from '../../src/observe/access-log.ts';
import type { AccessLogFormat } from '../../src/observe/access-log.ts';
import type { AccessRecord } from '../../src/observe/access-record.ts';
import { createLogSink } from '../../src/observe/log-sink.ts';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '15' } } });
const LINES = 60_000;
const FORMATS: readonly AccessLogFormat[] = ['dream', 'json', 'combined'];
const USER_AGENT =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Safari/537.36';

/** As the server has them: substrings of the head's text. */
const records: AccessRecord[] = Array.from({ length: 1024 }, (_, i) => {
  const head = Buffer.from(
    `GET /static/css/site-${i}.css?v=${i} HTTP/1.1\r\nHost: localhost:8080\r\n\r\n`,
  ).toString('latin1');
  const host = head.indexOf('Host: ') + 6;
  return {
    id: randomUUID(),
    ip: '127.0.0.1',
    method: head.slice(0, 3),
    host: head.slice(host, host + 14),
    path: head.slice(4, head.indexOf(' HTTP')),
    status: 200,
    bytes: 1024 + i,
    latencyMs: (i & 7) + 0.3,
    error: undefined,
    version: 11,
    referer: undefined,
    userAgent: USER_AGENT,
  };
});

const sink = createLogSink({ target: { path: '/dev/null' } });
const best = new Map<AccessLogFormat, number>();
for (let round = 0; round < Number(values.rounds); round++) {
  for (const format of FORMATS) {
    const log = createAccessLog({ format, sink });
    const before = process.cpuUsage();
    for (let i = 0; i < LINES; i++) log.request(records[i & 1023]);
    const { user, system } = process.cpuUsage(before);
    await sink.flush();
    best.set(format, Math.min(best.get(format) ?? Infinity, (user + system) / LINES));
  }
}
await sink.close();
for (const [format, micros] of best) console.log(`${format}: ${micros.toFixed(3)} µs of CPU a line`);
