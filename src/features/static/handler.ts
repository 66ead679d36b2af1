import type { ErrorCode } from '../../core/errors.ts';
import type { BodySource } from '../../http/body.ts';
import {
  CONDITIONAL,
  conditionalFields,
  evaluatePreconditions,
  ifRangeHolds,
} from '../../http/conditional.ts';
import type { RequestHead } from '../../http/head.ts';
import { HeaderList, type ReadonlyHeaderList } from '../../http/header-list.ts';
import { type ByteRange, contentRange, parseRanges, unsatisfiedRange } from '../../http/range.ts';
import { Response } from '../../http/response.ts';
import type { Exchange } from '../../pipeline/exchange.ts';
import type { Handler } from '../../pipeline/handler.ts';
import type { CachedFile } from './cached-file.ts';
import { ErrorPages } from './error-pages.ts';
import { FileStore } from './file-store.ts';
import { type HotFiles, hotFiles } from './hot-files.ts';
import type { StaticOptions } from './schema.ts';

const ALLOW = 'GET, HEAD, OPTIONS';

/** How often a request is answered anew because its file changed between being looked up and being opened. */
const ATTEMPTS = 3;

/** What the handler uses of its surroundings. */
export interface StaticDeps {
  /** Where small files are kept in memory; the thread's own when left out. */
  readonly hotFiles?: HotFiles | undefined;
}

/**
 * The end of a route that serves the files below a directory. A file that is in memory is answered at once, from
 * an answer made before. Throws the system's error when there is no directory at `options.root`.
 */
export function createStaticHandler(options: StaticOptions, deps: StaticDeps = {}): Handler {
  const site = new Site(options, deps.hotFiles ?? hotFiles);
  return (exchange) => site.serve(exchange);
}

class Site {
  readonly #files: FileStore;
  readonly #errors: ErrorPages;
  /** The answer to OPTIONS. */
  readonly #allowed = new Response(204, HeaderList.of('Allow', ALLOW), null, { reusable: true });
  /** Name of the file that answers for whatever is not found; undefined when there is none. */
  readonly #fallback: string | undefined;

  constructor(options: StaticOptions, shared: HotFiles) {
    this.#files = new FileStore(options, shared);
    this.#errors = new ErrorPages(this.#files);
    this.#fallback = options.spa ? `/${options.index[0] ?? 'index.html'}` : undefined;
  }

  serve(exchange: Exchange): Response | Promise<Response> {
    const { method, path } = exchange.request;
    if (method !== 'GET' && method !== 'HEAD') {
      if (method === 'OPTIONS') return this.#allowed;
      return this.#errors.answer(exchange, 'request.method-not-allowed', { allow: ALLOW });
    }
    const file = this.#files.cached(path, exchange.startedAt);
    return file === undefined ? this.#lookUp(exchange, ATTEMPTS) : this.#answer(exchange, file, ATTEMPTS);
  }

  async #lookUp(exchange: Exchange, attempts: number): Promise<Response> {
    const { request } = exchange;
    if (attempts === 0) return this.#errors.answer(exchange, 'static.file-changed');
    let found = await this.#files.find(request.path);
    if ((found === 'absent' || found === 'no-index') && this.#fallback !== undefined && wantsPage(request)) {
      const fallback = this.#files.cached('fallback', exchange.startedAt);
      const loaded = fallback ?? (await this.#files.load('fallback', this.#fallback));
      found = loaded === 'directory' ? 'absent' : loaded;
    }
    if (found === 'redirect') return redirectToDirectory(request);
    if (typeof found === 'string') return this.#errors.answer(exchange, codeOf(found));
    return this.#answer(exchange, found, attempts);
  }

  #answer(exchange: Exchange, file: CachedFile, attempts: number): Response | Promise<Response> {
    const { method, headers } = exchange.request;
    const conditional = conditionalFields(headers);
    if (conditional !== 0) {
      switch (evaluatePreconditions(method, headers, file.validators, conditional)) {
        case 'not-modified':
          return file.notModified;
        case 'precondition-failed':
          return this.#errors.answer(exchange, 'request.precondition-failed');
        case 'proceed':
      }
      const asksForPart = method === 'GET' && (conditional & CONDITIONAL.range) !== 0;
      const ranges = asksForPart ? requestedRanges(headers, file) : undefined;
      if (ranges === 'unsatisfiable') {
        const fields = ['Content-Range', unsatisfiedRange(file.size)];
        return this.#errors.answer(exchange, 'request.range-not-satisfiable', { headers: fields });
      }
      // Several ranges are answered with the whole (RFC 9110 §14.2 leaves that to us).
      if (ranges?.length === 1) return this.#part(exchange, file, ranges[0], attempts);
    }
    if (file.bytes !== undefined || method === 'HEAD') return file.whole;
    return this.#stream(exchange, file, undefined, attempts);
  }

  #part(
    exchange: Exchange,
    file: CachedFile,
    range: ByteRange,
    attempts: number,
  ): Response | Promise<Response> {
    if (file.bytes === undefined) return this.#stream(exchange, file, range, attempts);
    return partial(file, range, file.bytes.subarray(range.first, range.last + 1));
  }

  async #stream(
    exchange: Exchange,
    file: CachedFile,
    range: ByteRange | undefined,
    attempts: number,
  ): Promise<Response> {
    this.#files.keepIfHot(file);
    const length = range === undefined ? file.size : range.last - range.first + 1;
    const body = await this.#files.openBody(file, range?.first ?? 0, length);
    if (body === undefined) return this.#lookUp(exchange, attempts - 1);
    // Whatever becomes of the answer, the descriptor does not outlive the client.
    if (exchange.aborted) body.cancel();
    else exchange.onAbort(() => body.cancel());
    return range === undefined ? new Response(200, file.whole.headers, body) : partial(file, range, body);
  }
}

function partial(file: CachedFile, range: ByteRange, body: Buffer | BodySource): Response {
  const headers = file.whole.headers.derive().append('Content-Range', contentRange(range, file.size));
  return new Response(206, headers, body);
}

function requestedRanges(headers: ReadonlyHeaderList, file: CachedFile): ReturnType<typeof parseRanges> {
  const range = headers.getList('range');
  if (range === undefined || !ifRangeHolds(headers, file.validators)) return undefined;
  return parseRanges(range, file.size);
}

/** To the same path with a slash at its end. It never begins with two slashes, which would name another host. */
function redirectToDirectory({ path, query }: RequestHead): Response {
  return new Response(301, HeaderList.of('Location', `${path.replace(/^\/+/, '/')}/${query}`));
}

/** Whether a request is for a page of a single-page application: a missing script or picture is missing all the same. */
function wantsPage({ headers, path }: RequestHead): boolean {
  return (
    !path.slice(path.lastIndexOf('/')).includes('.') ||
    (headers.getList('accept') ?? '').includes('text/html')
  );
}

function codeOf(found: 'absent' | 'no-index' | ErrorCode): ErrorCode {
  if (found === 'absent') return 'request.not-found';
  return found === 'no-index' ? 'request.forbidden' : found;
}
