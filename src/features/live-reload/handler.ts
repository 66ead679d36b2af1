import { randomUUID } from 'node:crypto';
import { HeaderList } from '../../http/header-list.ts';
import { Response } from '../../http/response.ts';
import { changeAnswer, type Feature } from '../../pipeline/compose.ts';
import type { Exchange } from '../../pipeline/exchange.ts';
import { type Change, Changes } from './changes.ts';
import { CLIENT_SCRIPT, ENDPOINT } from './client-script.ts';
import { EventStream } from './event-stream.ts';
import type { LiveReloadOptions } from './schema.ts';
import { withScript } from './with-script.ts';

/** What the feature uses of its surroundings. */
export interface LiveReloadDeps {
  /** Aborted when the server begins to close. */
  readonly closing: AbortSignal;
  /** Hears that something cannot be watched, and why. */
  readonly unwatched: (reason: string) => void;
}

/** What makes a server give less than a whole page, or one in a coding. */
const CONDITIONS: ReadonlySet<string> = new Set([
  'accept-encoding',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'range',
]);

/** What is no longer true of a page that has got a script, or would keep it from running. */
const UNTRUE: ReadonlySet<string> = new Set([
  'accept-ranges',
  'content-security-policy',
  'etag',
  'last-modified',
]);

/**
 * The feature `liveReload` of a route, for those who build the pages it serves: HTML gets a script that hears of changes
 * of files. What is not HTML, what is in a coding and what is a part of something stays as it is.
 */
export function createLiveReloadFeature(options: LiveReloadOptions, deps: LiveReloadDeps): Feature {
  const reload = new LiveReload(options, deps);
  return (next) => (exchange) => {
    const { method, path } = exchange.request;
    if (method === 'GET' && path.endsWith(ENDPOINT)) return reload.listen(exchange);
    return changeAnswer(next, wantsPage(exchange) ? unconditional(exchange) : exchange, withReload);
  };
}

/** Those who wait to hear of changes. */
class LiveReload {
  /** A page that comes back to another server loads anew: that one may serve something else. */
  readonly #id = randomUUID();
  readonly #streams = new Set<EventStream>();
  readonly #changes: Changes;
  readonly #closing: AbortSignal;

  constructor(options: LiveReloadOptions, { closing, unwatched }: LiveReloadDeps) {
    this.#closing = closing;
    this.#changes = new Changes(options, closing, (change) => this.#tell(change), unwatched);
    closing.addEventListener('abort', () => this.#end(), { once: true });
  }

  async listen(exchange: Exchange): Promise<Response> {
    await this.#changes.ready;
    const stream = new EventStream(eventOf('server', this.#id), (gone) => this.#streams.delete(gone));
    this.#streams.add(stream);
    if (this.#closing.aborted) stream.end();
    else if (exchange.aborted) stream.cancel();
    else exchange.onAbort(() => stream.cancel());
    const headers = HeaderList.of('Content-Type', 'text/event-stream', 'Cache-Control', 'no-store');
    return new Response(200, headers, stream);
  }

  #tell(change: Change): void {
    for (const stream of this.#streams) stream.send(eventOf(change, ''));
  }

  #end(): void {
    for (const stream of this.#streams) stream.end();
  }
}

function eventOf(name: 'server' | Change, data: string): string {
  return `event: ${name}\ndata: ${data}\n\n`;
}

function wantsPage({ request: { headers } }: Exchange): boolean {
  return headers.getList('accept')?.includes('text/html') === true;
}

/** Asks for all of the page, as it is: what the client has kept of it may be without the script. */
function unconditional(exchange: Exchange): Exchange {
  const headers = exchange.request.headers.derive().deleteAll(CONDITIONS);
  return exchange.derive({ ...exchange.request, headers });
}

function withReload(answer: Response): Response {
  const { body, headers, status } = answer;
  const isPage =
    body !== null &&
    status !== 206 &&
    answer.tunnel === undefined &&
    headers.get('Content-Type')?.startsWith('text/html') === true &&
    !headers.has('Content-Encoding');
  // Nothing is used without being asked about, or what has changed would not be seen.
  if (!isPage) return answer.derive((fields) => fields.set('Cache-Control', 'no-cache'));
  const fields = headers.derive().deleteAll(UNTRUE).set('Cache-Control', 'no-store');
  const { error, cause, reason } = answer;
  return new Response(status, fields, withScript(body, CLIENT_SCRIPT), { error, cause, reason });
}
