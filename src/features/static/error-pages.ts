import { monotonicNow } from '../../core/clock.ts';
import type { ErrorCode } from '../../core/errors.ts';
import type { Body } from '../../http/body.ts';
import { Response } from '../../http/response.ts';
import { type ErrorContext, errorResponse } from '../../pipeline/error-response.ts';
import type { Exchange } from '../../pipeline/exchange.ts';
import type { CachedFile } from './cached-file.ts';
import { type FileStore, FRESH_MS } from './file-store.ts';
import type { StaticOptions } from './schema.ts';

/** What an error answer carries besides what every one does. */
type Additions = Pick<ErrorContext, 'allow' | 'cause' | 'headers'>;

/** What is known of a site's page for one status. */
interface Page {
  readonly key: string;
  /** Of which the first that is there is the page. */
  readonly names: readonly string[];
  /** There is none, as far as is known until then. */
  absentUntil: number;
  loading: Promise<CachedFile | undefined> | undefined;
}

/** Error answers with a site's own pages, before the built-in ones: those it names, and `404.html` and the like in its root. */
export class ErrorPages {
  readonly #named: StaticOptions['errors'];
  readonly #files: FileStore;
  readonly #pages = new Map<number, Page>();

  constructor({ errors }: Pick<StaticOptions, 'errors'>, files: FileStore) {
    this.#named = errors;
    this.#files = files;
  }

  /** The answer for a failure. A client that would rather have something else than HTML gets no site's page. */
  answer(exchange: Exchange, code: ErrorCode, additions?: Additions): Response | Promise<Response> {
    const builtIn = errorResponse(code, { request: exchange.request, id: exchange.id, ...additions });
    if (!builtIn.headers.get('Content-Type')?.startsWith('text/html')) return builtIn;
    const page = this.#page(builtIn.status);
    const now = exchange.startedAt;
    if (now < page.absentUntil) return builtIn;
    const file = this.#files.cached(page.key, now);
    const body = file?.part(0, file.size);
    if (file !== undefined && body !== undefined) return withPage(builtIn, file, body);
    page.loading ??= this.#load(page);
    return page.loading.then((loaded) => {
      const bytes = loaded?.part(0, loaded.size);
      return loaded === undefined || bytes === undefined ? builtIn : withPage(builtIn, loaded, bytes);
    });
  }

  async #load(page: Page): Promise<CachedFile | undefined> {
    const askedAt = monotonicNow();
    try {
      for (const [i, name] of page.names.entries()) {
        const found = await this.#files.load(page.key, name, page.names.slice(0, i));
        if (typeof found !== 'string') return found;
      }
      page.absentUntil = askedAt + FRESH_MS;
      return undefined;
    } catch {
      // It cannot be read at the moment: the error that is answered is another one, and has an answer without it.
      return undefined;
    } finally {
      page.loading = undefined;
    }
  }

  #page(status: number): Page {
    let page = this.#pages.get(status);
    if (page === undefined) {
      // No request's path is like this key, so nobody gets the page with another status by it.
      page = {
        key: `page ${status}`,
        names: this.#namesFor(status),
        absentUntil: -Infinity,
        loading: undefined,
      };
      this.#pages.set(status, page);
    }
    return page;
  }

  #namesFor(status: number): string[] {
    const { [status]: own, [`${Math.floor(status / 100)}xx`]: ofClass } = this.#named;
    return [own, ofClass, `/${status}.html`].filter((name) => name !== undefined);
  }
}

function withPage(builtIn: Response, page: CachedFile, body: Body): Response {
  const headers = builtIn.headers
    .derive()
    .set('Content-Type', page.whole.headers.get('Content-Type') as string);
  const { status, error, cause } = builtIn;
  return new Response(status, headers, body, { error, cause });
}
