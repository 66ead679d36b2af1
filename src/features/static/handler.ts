import { DreamError, type ErrorCode, systemCodeOf } from '../../core/errors.ts';
import { SharedLock } from '../../core/shared-lock.ts';
import type { RequestHead } from '../../http/head.ts';
import { HeaderList } from '../../http/header-list.ts';
import { Response } from '../../http/response.ts';
import { addVary } from '../../http/vary.ts';
import type { Exchange } from '../../pipeline/exchange.ts';
import type { Handler } from '../../pipeline/handler.ts';
import { CachedFile } from './cached-file.ts';
import { CodedOffers } from './coded-offers.ts';
import { type Compressor, compressor } from './compressor.ts';
import { ErrorPages } from './error-pages.ts';
import { FileAnswers } from './file-answer.ts';
import type { FileMemory } from './file-memory.ts';
import { FileStore } from './file-store.ts';
import { Listing } from './listing.ts';
import { FALLBACK, type Found, Lookup } from './lookup.ts';
import { NegotiatedAnswers } from './negotiated-answers.ts';
import { Representations } from './representations.ts';
import type { StaticOptions } from './schema.ts';
import { Writes } from './write/writes.ts';

const ALLOW = 'GET, HEAD, OPTIONS';

/** How often a request is answered anew because its file changed between being looked up and being opened. */
const ATTEMPTS = 3;

/** What the handler uses of its surroundings. */
export interface StaticDeps {
  /** Where files are kept in memory. */
  readonly files: FileMemory;
  /** What compresses files; the thread's own when left out. */
  readonly compressor?: Compressor | undefined;
  /** Of all threads that write to the roots; this one's own when left out. */
  readonly writeLock?: SharedLock;
}

/**
 * The end of a route that serves the files below a directory. A file that is in memory is answered at once, from
 * an answer made before. Throws the system's error when there is no directory at `options.root`.
 */
export function createStaticHandler(options: StaticOptions, deps: StaticDeps): Handler {
  const site = new Site(options, deps);
  return (exchange) => site.serve(exchange);
}

class Site {
  readonly #files: FileStore;
  readonly #lookup: Lookup;
  readonly #answers: Pick<FileAnswers, 'answer'>;
  readonly #errors: ErrorPages;
  /** Undefined where directories are not listed. */
  readonly #listing: Listing | undefined;
  /** Undefined where nobody may change files. */
  readonly #writes: Writes | undefined;
  /** Value of Allow. */
  readonly #allow: string;
  /** The answer to OPTIONS. */
  readonly #allowed: Response;

  constructor(options: StaticOptions, deps: StaticDeps) {
    const offers = CodedOffers.of(options);
    this.#files = new FileStore(options, deps.files, offers?.variantsOf);
    this.#lookup = new Lookup(options, this.#files);
    if (options.listing) this.#listing = new Listing(options);
    this.#errors = new ErrorPages(options, this.#files);
    const answers = new FileAnswers(this.#files, this.#errors);
    this.#answers =
      offers === undefined
        ? answers
        : new NegotiatedAnswers(
            answers,
            new Representations(offers, this.#files, deps.compressor ?? compressor),
          );
    if (options.write !== undefined) {
      const lock = deps.writeLock ?? new SharedLock(new Int32Array(new SharedArrayBuffer(4)), 0);
      this.#writes = new Writes(options, options.write, { files: this.#files, errors: this.#errors, lock });
    }
    this.#allow = [ALLOW, ...(this.#writes?.methods ?? [])].join(', ');
    this.#allowed = new Response(204, HeaderList.of('Allow', this.#allow), null, { reusable: true });
  }

  serve(exchange: Exchange): Response | Promise<Response> {
    const { method, path } = exchange.request;
    if (method !== 'GET' && method !== 'HEAD') return this.#serveOther(exchange);
    const now = exchange.startedAt;
    const file = this.#files.cached(path, now) ?? this.#lookup.kept(path, now);
    if (file === undefined) return this.#answerAnew(exchange);
    const answer = this.#answers.answer(exchange, file);
    return answer instanceof Response ? answer : this.#answerAnew(exchange, answer);
  }

  #serveOther(exchange: Exchange): Response | Promise<Response> {
    const { method } = exchange.request;
    if (method === 'OPTIONS') return this.#allowed;
    if (this.#writes?.methods.includes(method) === true) return this.#writes.answer(exchange);
    return this.#errors.answer(exchange, 'request.method-not-allowed', { allow: this.#allow });
  }

  /** Look the path up on the disk; `known`: the answer from memory, which may turn out not to be true any more. */
  async #answerAnew(exchange: Exchange, known?: Promise<Response | 'changed'>): Promise<Response> {
    try {
      return await this.#lookUp(exchange, known);
    } catch (thrown) {
      if (!(thrown instanceof DreamError)) throw thrown;
      return this.#errors.answer(exchange, thrown.code, { cause: systemCodeOf(thrown) });
    }
  }

  async #lookUp(exchange: Exchange, known: Promise<Response | 'changed'> | undefined): Promise<Response> {
    let answer = (await known) ?? 'changed';
    for (let attempts = ATTEMPTS; answer === 'changed'; attempts--) {
      if (attempts === 0) return this.#errors.answer(exchange, 'static.file-changed');
      const found = await this.#find(exchange.request);
      if (found === 'no-index' && this.#listing !== undefined) return this.#list(exchange, this.#listing);
      if (typeof found === 'string') return this.#errors.answer(exchange, codeOf(found));
      if (!(found instanceof CachedFile)) return redirectTo(found.to, exchange.request.query);
      answer = await this.#answers.answer(exchange, found);
      if (answer !== 'changed' && found.key === FALLBACK && !isForPage(exchange.request)) {
        answer = answer.derive((headers) => addVary(headers, 'Accept'));
      }
    }
    return answer;
  }

  async #list(exchange: Exchange, listing: Listing): Promise<Response> {
    const listed = await listing.answer(exchange, this.#lookup.nameOf(exchange.request.path).name ?? '/');
    return typeof listed === 'string' ? this.#errors.answer(exchange, codeOf(listed)) : listed;
  }

  async #find(request: RequestHead): Promise<Found> {
    const found = await this.#lookup.find(request.path);
    if ((found !== 'absent' && found !== 'no-index') || !wantsPage(request)) return found;
    const fallback = await this.#lookup.fallback();
    return fallback === 'absent' ? found : fallback;
  }
}

/** To another path of this host: one that begins with two slashes would name another. */
function redirectTo(path: string, query: string): Response {
  return new Response(301, HeaderList.of('Location', path.replace(/^\/+/, '/') + query));
}

/** Whether a request is for a page of a single-page application: a missing script or picture is missing all the same. */
function wantsPage(request: RequestHead): boolean {
  return isForPage(request) || (request.headers.getList('accept') ?? '').includes('text/html');
}

/** Whether it is, whatever the client accepts. */
function isForPage({ path }: RequestHead): boolean {
  return !path.slice(path.lastIndexOf('/')).includes('.');
}

function codeOf(found: 'absent' | 'no-index' | ErrorCode): ErrorCode {
  if (found === 'absent') return 'request.not-found';
  return found === 'no-index' ? 'request.forbidden' : found;
}
