/**
 * What a thousand clients of slow streams of events do to everybody else: the latency of small answers of nginx through the
 * server, asked for at a fixed rate, with nobody else there and beside the streams, by turns.
 *
 *     node bench/micro/sse.ts [--rounds 10] [--seconds 3] [--streams 1000] [--connections 16] [--rate 2000]
 *
 * Needs nginx and taskset. The server runs on core 0; nginx, the events and all clients share core 1.
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { Child } from '../../test/support/child.ts';
import { untilListening } from '../../test/support/dreamserver.ts';
import { Nginx } from '../../test/support/nginx.ts';
import { freePort, untilAccepts } from '../../test/support/ports.ts';
import { temporaryDirectory } from '../../test/support/temp.ts';
import { claimMachine } from '../exclusive.ts';
import { spread } from '../stats.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '10' },
    seconds: { type: 'string', default: '3' },
    streams: { type: 'string', default: '1000' },
    connections: { type: 'string', default: '16' },
    rate: { type: 'string', default: '2000' },
  },
});
const [rounds, seconds, streams] = [values.rounds, values.seconds, values.streams].map(Number);

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const EVENTS = fileURLToPath(new URL('sse/events.ts', import.meta.url));
const LOAD = fileURLToPath(new URL('../constant-rate.ts', import.meta.url));
const CLIENTS = fileURLToPath(new URL('sse/clients.ts', import.meta.url));

const REQUEST = Buffer.from('GET /small.bin HTTP/1.1\r\nHost: localhost\r\n\r\n').toString('base64');

const onCore = (core: number, name: string, ...args: readonly string[]): Child =>
  new Child(name, 'taskset', ['-c', String(core), process.execPath, ...args]);

await claimMachine();
using folder = temporaryDirectory();
folder.write('small.bin', Buffer.alloc(1024, 'x'));
await using nginx = await Nginx.start({ root: folder.path });
const eventsPort = await freePort();
const events = onCore(1, 'events', EVENTS, String(eventsPort));
await untilAccepts(eventsPort, events);
const port = await freePort();
const config = {
  listeners: [`127.0.0.1:${port}`],
  upstreams: {
    events: { servers: [`http://127.0.0.1:${eventsPort}`], pool: { max: streams } },
    nginx: { servers: [nginx.url] },
  },
  routes: [{ match: { path: '/events' }, proxy: 'events' }, { proxy: 'nginx' }],
  accessLog: { path: folder.join('access.log') },
  workers: 1,
};
const server = onCore(
  0,
  'DreamServer',
  MAIN,
  'run',
  '-c',
  folder.write('config.json', JSON.stringify(config)),
);
try {
  await untilListening(server);
  await sample(1);
  const alone: Sample[] = [];
  const beside: Sample[] = [];
  for (let round = 0; round < rounds; round++) {
    alone.push(await sample(seconds));
    beside.push(await besideStreams(() => sample(seconds)));
  }
  for (const what of ['p50', 'p99'] as const) {
    const ratios = beside.map((each, round) => each[what] / alone[round][what]);
    console.log(
      `${what}: alone ${told(alone.map((each) => each[what]))} µs, beside ${streams} streams ` +
        `${told(beside.map((each) => each[what]))} µs, ratio ${told(ratios, 2)}`,
    );
  }
} finally {
  await server.stop('SIGTERM');
  await events.stop('SIGKILL');
}

interface Sample {
  readonly p50: number;
  readonly p99: number;
}

async function sample(time: number): Promise<Sample> {
  const args = [String(port), values.rate, values.connections, String(time), REQUEST];
  const load = onCore(1, 'load', LOAD, ...args);
  await load.exited;
  return JSON.parse(load.output) as Sample;
}

/** While the streams are there; every one of them has to go on meanwhile. */
async function besideStreams(measure: () => Promise<Sample>): Promise<Sample> {
  const clients = onCore(1, 'clients', CLIENTS, String(port), String(streams));
  const told = async (what: RegExp): Promise<string> =>
    clients.untilOutput(
      String(what),
      () => clients.stdout.map((line) => what.exec(line)?.[1]).find(Boolean),
      60_000,
    );
  try {
    await told(/^(ready)$/);
    const result = await measure();
    clients.kill('SIGUSR2');
    const came = Number(await told(/^events (\d+)$/));
    if (came < 0.8 * streams * seconds)
      throw new Error(`${came} events in ${seconds} s for ${streams} clients`);
    return result;
  } finally {
    await clients.stop('SIGKILL');
  }
}

function told(values: readonly number[], digits = 0): string {
  const { median, low, high } = spread(values);
  return `${median.toFixed(digits)} (${low.toFixed(digits)}–${high.toFixed(digits)})`;
}
