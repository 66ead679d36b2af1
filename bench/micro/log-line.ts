/**
 * What does a line of the access log cost, from the record to the write of its batch? CPU time (user + system) a line,
 * the best of several interleaved rounds, written to /dev/null.
 *
 *   node bench/micro/log-line.ts [--rounds N]
 */
import { parseArgs } from 'node:util';
import { createAccessLog } from '../../src/observe/access-log.ts';
import type { AccessLogFormat } from '../../src/observe/access-log.ts';
import { createLogSink } from '../../src/observe/log-sink.ts';
import { records } from './pieces/log-records.ts';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '15' } } });
const LINES = 60_000;
const FORMATS: readonly AccessLogFormat[] = ['dream', 'json', 'combined'];
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
