import type { BodySource } from '../../http/body.ts';
import {
  CONDITIONAL,
  conditionalFields,
  evaluatePreconditions,
  ifRangeHolds,
} from '../../http/conditional.ts';
import type { ReadonlyHeaderList } from '../../http/header-list.ts';
import { type ByteRange, contentRange, parseRanges, unsatisfiedRange } from '../../http/range.ts';
import { Response } from '../../http/response.ts';
import type { Exchange } from '../../pipeline/exchange.ts';
import type { CachedFile } from './cached-file.ts';
import type { ErrorPages } from './error-pages.ts';
import type { FileStore } from './file-store.ts';

/** What is answered to GET and HEAD where the file is known: all of it, a part, or that it has not changed. */
export class FileAnswers {
  readonly #files: FileStore;
  readonly #errors: ErrorPages;

  constructor(files: FileStore, errors: ErrorPages) {
    this.#files = files;
    this.#errors = errors;
  }

  /** `changed`: the file on the disk is not this one any more, and nothing has been said of it yet. */
  answer(exchange: Exchange, file: CachedFile): Response | Promise<Response | 'changed'> {
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
      if (ranges?.length === 1) return this.#part(exchange, file, ranges[0]);
    }
    if (method === 'HEAD') return file.whole;
    return file.inFull ?? this.#files.refilled(file)?.inFull ?? this.#stream(exchange, file, undefined);
  }

  #part(exchange: Exchange, file: CachedFile, range: ByteRange): Response | Promise<Response | 'changed'> {
    const length = range.last - range.first + 1;
    const body = file.part(range.first, length) ?? this.#files.refilled(file)?.part(range.first, length);
    return body === undefined ? this.#stream(exchange, file, range) : partial(file, range, body);
  }

  async #stream(
    exchange: Exchange,
    file: CachedFile,
    range: ByteRange | undefined,
  ): Promise<Response | 'changed'> {
    this.#files.keepIfHot(file);
    const length = range === undefined ? file.size : range.last - range.first + 1;
    const body = await this.#files.openBody(file, range?.first ?? 0, length);
    if (body === undefined) return 'changed';
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
