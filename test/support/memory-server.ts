import type { Handler } from '../../src/pipeline/handler.ts';
import type { AccessRecord } from '../../src/observe/access-record.ts';
import { ServerConnection } from '../../src/http1/server-connection.ts';
import type { ServerConnectionOptions } from '../../src/http1/server-connection-owner.ts';
import { STRICT } from '../../src/http1/leniency.ts';
import { compileRoutes } from '../../src/router/route-table.ts';
import { Session } from '../../src/server/serve-exchange.ts';
import { SharedState } from '../../src/server/shared-state.ts';
import { MemoryTransport, Steps } from './memory-transport.ts';

/** What a client has sent and got, and what the server has said of it. */
export interface Conversation {
  /** Bytes that the client has received. */
  readonly output: Buffer;
  /** The log's records, in order. */
  readonly log: readonly AccessRecord[];
  /** What handlers threw that was no error of the catalogue. */
  readonly failures: readonly string[];
  /** Whether it came to its end: nothing left to do, the connection closed. */
  readonly settled: boolean;
  /** Whether the connection ended with a reset, so that the last answer is known to be cut off. */
  readonly reset: boolean;
  /** Counted work: steps taken and writes made. */
  readonly work: number;
}

/** One client, and how it behaves. */
export interface MemoryClient {
  /** What it sends, each piece a read of its own; then it says that no more will come. */
  readonly pieces: readonly Buffer[];
  /** It takes what it is sent only later. */
  readonly slow?: boolean;
  readonly options?: ServerConnectionOptions;
  readonly steps: Steps;
  readonly handler: Handler;
  /** Steps that what stands behind the handler may need. */
  readonly serverSteps?: number;
  /** Called when nothing is left to do: to close what stands behind the handler. */
  readonly finish?: () => void;
}

/** Bounds that mutated input of a few hundred bytes can reach. */
export const memoryServerOptions: ServerConnectionOptions = {
  limits: {
    headerBytes: 8192,
    headers: 40,
    uriBytes: 1024,
    bodyBytes: 1 << 20,
    requestsPerConnection: 0,
    minDataRate: 0,
  },
  lenient: STRICT,
  timeouts: { headers: 0, bodyIdle: 0, keepAlive: 0, writeStall: 0, tunnel: 0 },
  serverHeader: undefined,
};

/** Steps that a conversation may take, beside some for each piece that it consists of. */
const MOST_STEPS = 2000;

/**
 * A whole conversation with the server, in one go and without the event loop: connection, session, route and log as
 * they are, over a transport in memory.
 */
export function converse(client: MemoryClient): Conversation {
  const { steps, pieces } = client;
  const log: AccessRecord[] = [];
  const failures: string[] = [];
  const received: Buffer[] = [];
  const session = new Session({
    routes: compileRoutes([{ value: client.handler }]),
    accessLog: { request: (record) => log.push({ ...record }) },
    events: { info: () => {}, warn: () => {}, error: (_, fields) => failures.push(JSON.stringify(fields)) },
    shared: new SharedState(),
    trust: undefined,
    logsAgents: true,
    closed: () => {},
  });
  const connection = new ServerConnection(session, client.options ?? memoryServerOptions);
  const transport = new MemoryTransport(
    steps,
    connection,
    { received: (bytes) => received.push(bytes), ended: () => {} },
    client.slow ?? false,
  );
  session.begin(connection, transport.peer);
  connection.attach(transport);
  for (const piece of pieces) transport.deliver(piece);
  transport.deliverEnd();
  const most = MOST_STEPS + 20 * pieces.length + (client.serverSteps ?? 0);
  const cameToRest = steps.run(most);
  const settled = cameToRest && transport.closed !== undefined;
  if (!settled) transport.destroy();
  client.finish?.();
  steps.run(most);
  return {
    output: Buffer.concat(received),
    log,
    failures,
    settled,
    reset: transport.closed === 'reset',
    work: steps.taken + transport.writes,
  };
}
