/**
 * What our own code costs for one proxied exchange, from the bytes of the request to the bytes of the answer and the
 * log line: everything but the sockets, whose place is taken by transports that count.
 *
 *     node bench/micro/proxied-exchange.ts [--rounds 7] [--exchanges 200000] [--await] [--promise]
 *
 * Printed is CPU time for an exchange, the least and the median of the rounds. `--await` has each followed by a turn of the
 * microtasks; `--promise` does that too, and has the handler answer with a promise.
 */
import { parseArgs } from 'node:util';

import { createProxyHandler } from '../../src/features/proxy/handler.ts';
import { ClientConnection } from '../../src/http1/client-connection.ts';
import { STRICT } from '../../src/http1/leniency.ts';
import { ServerConnection } from '../../src/http1/server-connection.ts';
import type { Transport } from '../../src/net/transport.ts';
import { createAccessLog } from '../../src/observe/access-log.ts';
import { createEventLog } from '../../src/observe/event-log.ts';
import { upstreamOptions } from '../../test/support/proxy-server.ts';
import { proxyOptions } from '../../test/support/proxy-options.ts';
import type { Handler } from '../../src/pipeline/handler.ts';
import { compileRoutes } from '../../src/router/route-table.ts';
import { Session } from '../../src/server/serve-exchange.ts';
import { SharedState } from '../../src/server/shared-state.ts';
import { RetryBudget } from '../../src/upstream/retry-budget.ts';
import type { Upstreams } from '../../src/upstream/upstreams.ts';
import { spread } from '../stats.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    exchanges: { type: 'string', default: '200000' },
    await: { type: 'boolean', default: false },
    promise: { type: 'boolean', default: false },
  },
});

class CountingTransport implements Transport {
  readonly peer = { address: '127.0.0.1', port: 1, secure: false };
  readonly pending = 0;
  readonly unsent = 0;
  written = 0;
  write(data: string | Buffer): boolean {
    this.written += data.length;
    return true;
  }
  writeBoth(head: string, data: Buffer, tail: string): boolean {
    this.written += head.length + data.length + tail.length;
    return true;
  }
  pause(): void {}
  resume(): void {}
  holdBuffer(): Buffer {
    throw new Error('no request here has a body');
  }
  releaseBuffer(): void {}
  replaceBuffer(): void {}
  end(): void {}
  destroy(): void {}
  reset(): void {}
}

const request = Buffer.from('GET /proxy/1k.bin HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n');
const response = Buffer.from(
  'HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Mon, 23 Nov 2026 09:00:00 GMT\r\n' +
    `Content-Type: application/octet-stream\r\nContent-Length: 1024\r\nConnection: keep-alive\r\n\r\n${'x'.repeat(1024)}`,
);

let logged = 0;
const sink = {
  write: (lines: string) => void (logged += lines.length),
  flush: () => Promise.resolve(),
  flushSync: () => {},
  reopen: () => {},
  close: () => Promise.resolve(),
};
const server = {
  url: 'http://10.0.0.1',
  hostname: '10.0.0.1',
  port: 80,
  authority: '10.0.0.1',
  secure: false,
  path: undefined,
  weight: 1,
  backup: false,
};
const upstreamTransport = new CountingTransport();
const upstreamConnection = new ClientConnection(
  { released: () => {}, detached: () => {}, closed: () => {} },
  { timeouts: { firstByte: 6e4, idle: 6e4 }, lenient: STRICT },
);
upstreamConnection.attach(upstreamTransport);
const pool = {
  server,
  noteKeepAlive: () => {},
  acquire: (waiter: { connected(connection: ClientConnection): void }) =>
    waiter.connected(upstreamConnection),
};
const state = { server, pool, take: () => 0, answered: () => {} };
const upstreams = {
  get: () => ({
    options: upstreamOptions([]),
    budget: new RetryBudget(0.2),
    choose: () => state,
    cookieFor: () => undefined,
  }),
} as unknown as Upstreams;
const proxy = createProxyHandler(proxyOptions(), { upstreams });
const handler: Handler = values.promise ? async (exchange) => await proxy(exchange) : proxy;
const session = new Session({
  routes: compileRoutes([{ path: '/proxy/*', value: handler }, { value: handler }]),
  accessLog: createAccessLog({ format: 'dream', sink }),
  events: createEventLog(sink),
  shared: new SharedState(),
  trust: undefined,
  logsAgents: false,
  closed: () => {},
});
const limits = {
  headerBytes: 32768,
  headers: 100,
  uriBytes: 8192,
  bodyBytes: 1 << 30,
  requestsPerConnection: 0,
  minDataRate: 240,
};
const timeouts = { headers: 1e4, bodyIdle: 3e4, keepAlive: 6e4, writeStall: 3e4, tunnel: 36e5 };
const client = new ServerConnection(session, {
  limits,
  timeouts,
  lenient: STRICT,
  serverHeader: 'DreamServer',
});
const clientTransport = new CountingTransport();
session.begin(client, clientTransport.peer);
client.attach(clientTransport);

/** As many turns as a promise of a handler takes that awaits another, and one more. */
const answered = async (): Promise<void> => {
  for (let turn = 0; turn < 4; turn++) await Promise.resolve();
};

const exchanges = Number(values.exchanges);
const rounds: number[] = [];
for (let round = 0; round < Number(values.rounds); round++) {
  const before = process.cpuUsage();
  for (let i = 0; i < exchanges; i++) {
    client.data(request, request.length);
    upstreamConnection.data(response, response.length);
    if (values.await || values.promise) await answered();
  }
  const { user, system } = process.cpuUsage(before);
  rounds.push((user + system) / exchanges);
}
const { median } = spread(rounds);
const min = Math.min(...rounds);
console.log(`proxied exchange: ${min.toFixed(2)} µs at the least, ${median.toFixed(2)} µs in the median`);
console.log(
  `${Math.round(clientTransport.written / exchanges / rounds.length)} bytes to the client, ` +
    `${Math.round(upstreamTransport.written / exchanges / rounds.length)} to the upstream, ` +
    `${Math.round(logged / exchanges / rounds.length)} to the log, each`,
);
