import { createProxyHandler } from '../../src/features/proxy/handler.ts';
import type { ServerConnectionOptions } from '../../src/http1/server-connection-owner.ts';
import { converse, type Conversation } from '../support/memory-server.ts';
import { Steps } from '../support/memory-transport.ts';
import { MemoryUpstreams, type MemoryServer } from '../support/memory-upstream.ts';
import { proxyOptions } from '../support/proxy-options.ts';
import { upstreamOptions } from '../support/proxy-server.ts';
import { AnsweringServer, type Arrived } from './answering-server.ts';
import type { Reading, ReadingEnd } from './reading.ts';
import { Recorder, type Recorded } from './recorder.ts';

/** What our server makes of a client's bytes. */
export interface Served {
  readonly conversation: Conversation;
  readonly requests: readonly Recorded[];
  readonly reading: Reading;
}

/** What our proxy makes of a client's bytes: what it has written to its upstream, a stream a connection. */
export interface Forwarded {
  readonly conversation: Conversation;
  readonly streams: readonly Buffer[];
  /** What is wrong with one of the streams, for the strictest of readers. */
  readonly malformed: string | undefined;
  /** What its upstream has read in them, in the order in which it came. */
  readonly reading: Reading;
}

/** How a client sends and reads. */
export interface Manner {
  readonly pieces: readonly Buffer[];
  readonly slow?: boolean;
  readonly options?: ServerConnectionOptions;
}

/** Serve a client with a handler that records. `readsAll`: also the bodies of `/unread`. */
export function serve(manner: Manner, readsAll = true): Served {
  const recorder = new Recorder(readsAll);
  const conversation = converse({ ...manner, steps: new Steps(), handler: recorder.handler });
  const { requests } = recorder;
  const messages = requests.map(({ method, rawTarget, body, complete }) => ({
    head: `${method} ${rawTarget}`,
    body,
    complete,
  }));
  return { conversation, requests, reading: { messages, end: endOf(conversation) } };
}

const upstream = upstreamOptions(['http://backend.example']);

/** Pass a client's requests on. `buffered`: chunked bodies are collected, and sent with their length. */
export function forward(manner: Manner, buffered: boolean): Forwarded {
  const steps = new Steps();
  const servers: AnsweringServer[] = [];
  const messages: Arrived[] = [];
  const upstreams = new MemoryUpstreams(upstream, steps, manner.slow ?? false, () => {
    const server = new AnsweringServer(messages);
    servers.push(server);
    return server;
  });
  const conversation = proxied(manner, steps, upstreams, buffered);
  return {
    conversation,
    streams: servers.map(({ bytes }) => bytes),
    malformed: servers.find(({ malformed }) => malformed !== undefined)?.malformed,
    // Behind an answer that ends with the connection, such as one to HTTP/1.0, nothing is passed on any more.
    reading: { messages, end: endOf(conversation) },
  };
}

/** Pass a client's requests on to a server of one's own, which needs about so many steps. */
export function forwardTo(
  manner: Manner,
  serverSteps: number,
  connect: (steps: Steps) => MemoryServer,
): Conversation {
  const steps = new Steps();
  const upstreams = new MemoryUpstreams(upstream, steps, manner.slow ?? false, () => connect(steps));
  return proxied(manner, steps, upstreams, false, serverSteps);
}

function proxied(
  manner: Manner,
  steps: Steps,
  upstreams: MemoryUpstreams,
  buffered: boolean,
  serverSteps = 0,
): Conversation {
  const options = proxyOptions({ buffer: { request: buffered ? 'auto' : 'off' } });
  const handler = createProxyHandler(options, { upstreams });
  return converse({ ...manner, steps, handler, serverSteps, finish: () => upstreams.close() });
}

/** The codes that say that the client has sent no more, in the middle of a message. */
const CUT_SHORT: ReadonlySet<string> = new Set(['http1.head.incomplete', 'http1.body.incomplete']);

/** What the server would have made of more bytes. */
function endOf({ log, output, reset }: Conversation): ReadingEnd {
  const last = log.at(-1);
  if (reset) return 'refused';
  if (last?.error !== undefined && last.error.startsWith('http1.')) {
    return CUT_SHORT.has(last.error) ? 'open' : 'refused';
  }
  // The last head is ours: nothing that a client has sent stands in it.
  const text = output.toString('latin1');
  return /\r\nConnection: close\r\n/.test(text.slice(text.lastIndexOf('HTTP/1.1 '))) ? 'closed' : 'open';
}

/** What an upstream has to get of these requests, by what the recording handler got of them. */
export function expectedUpstream(requests: readonly Recorded[]): Reading {
  const messages = requests
    // Answered with 405 where the route does not pass it on.
    .filter(({ method }) => method !== 'CONNECT')
    .map(({ method, target, body, complete }) => ({ head: `${method} ${target}`, body, complete }));
  return { messages, end: 'open' };
}
