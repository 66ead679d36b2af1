import { Buffer } from 'node:buffer';
import type { BodySource } from '../../http/body.ts';
import { MultipartByteranges } from '../../http/byteranges.ts';
import {
  CONDITIONAL,
  conditionalFields,
  evaluatePreconditions,
  ifRangeHolds,
} from '../../http/conditional.ts';
import type { HeaderList, ReadonlyHeaderList } from '../../http/header-list.ts';
import {
  type ByteRange,
  coalesceRanges,
  contentRange,
  parseRanges,
  unsatisfiedRange,
} from '../../http/range.ts';
import { Response } from '../../http/response.ts';
import type { Exchange } from '../../pipeline/exchange.ts';
import type { CachedFile } from './cached-file.ts';
import type { ErrorPages } from './error-pages.ts';
import type { FileStore } from './file-store.ts';

/** What is answered to GET and HEAD where the file is known: all of it, parts, or that it has not changed. */
export class FileAnswers {
  readonly #files: FileStore;
  readonly #errors: ErrorPages;

  constructor(files: FileStore, errors: ErrorPages) {
    this.#files = files;
    this.#errors = errors;
  }

  /** `changed`: the file on the disk is not this one any more, and nothing has been said of it yet. */
  answer(exchange: Exchange, file: CachedFile): Response | Promise<Response | 'changed'> {
    const { request } = exchange;
    const { method, headers } = request;
    const before = request.derived;
    if (before instanceof Unmodified && before.headers === headers && before.answer === file.notModified) {
      return before.answer;
    }
    const conditional = conditionalFields(headers);
    if (conditional !== 0) {
      switch (evaluatePreconditions(method, headers, file.validators, conditional)) {
        case 'not-modified':
          request.derived = new Unmodified(headers, file.notModified);
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
      const parts = ranges && this.#parts(exchange, file, ranges);
      if (parts !== undefined) return parts;
    }
    if (method === 'HEAD') return file.whole;
    return file.inFull ?? this.#readNow(file) ?? this.#stream(exchange, file, undefined);
  }

  #readNow(file: CachedFile): Response | undefined {
    const body = this.#files.readNow(file, 0, file.size);
    return body && file.whole.withBody(body);
  }

  /**
   * The ranges as one part, if one is all that remains of them, or as several. Undefined where that would take more bytes
   * than the whole does, as RFC 9110 §15.3.7.2 warns: no set of ranges makes an answer longer than its file.
   */
  #parts(
    exchange: Exchange,
    file: CachedFile,
    ranges: readonly ByteRange[],
  ): Response | Promise<Response | 'changed'> | undefined {
    if (ranges.length === 1) return this.#part(exchange, file, ranges[0]);
    // Each part would need the coding that Content-Encoding tells of the whole (RFC 9110 §14.6 has no place for it).
    if (file.coding !== undefined) return undefined;
    const { mediaType, size } = file;
    const parts = coalesceRanges(ranges, MultipartByteranges.overhead(mediaType, size));
    if (parts.length === 1) return this.#part(exchange, file, parts[0]);
    const multipart = new MultipartByteranges(parts, mediaType, size);
    if (multipart.length >= size) return undefined;
    const pieces = piecesOf(file, parts);
    if (pieces === undefined) return this.#streamParts(exchange, file, multipart);
    const body = multipart.body(pieces);
    cancelWithClient(exchange, body);
    return several(exchange, file, multipart, body);
  }

  #part(exchange: Exchange, file: CachedFile, range: ByteRange): Response | Promise<Response | 'changed'> {
    const length = range.last - range.first + 1;
    const body = file.part(range.first, length) ?? this.#files.readNow(file, range.first, length);
    return body === undefined ? this.#stream(exchange, file, range) : partial(exchange, file, range, body);
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
    cancelWithClient(exchange, body);
    return range === undefined
      ? new Response(200, file.whole.headers, body)
      : partial(exchange, file, range, body);
  }

  async #streamParts(
    exchange: Exchange,
    file: CachedFile,
    multipart: MultipartByteranges,
  ): Promise<Response | 'changed'> {
    this.#files.keepIfHot(file);
    const parts = await this.#files.openParts(file, multipart.ranges);
    if (parts === undefined) return 'changed';
    const body = multipart.body(parts);
    cancelWithClient(exchange, body);
    return several(exchange, file, multipart, body);
  }
}

/** What a head was answered whose client has this version already: the same when it comes again, byte for byte. */
class Unmodified {
  /** A head that is derived from another may have brought along what was made of that one. */
  readonly headers: ReadonlyHeaderList;
  readonly answer: Response;

  constructor(headers: ReadonlyHeaderList, answer: Response) {
    this.headers = headers;
    this.answer = answer;
  }
}

/** The ranges from memory; undefined when the bytes are not there, or not any more. */
function piecesOf(file: CachedFile, ranges: readonly ByteRange[]): (Buffer | BodySource)[] | undefined {
  const pieces: (Buffer | BodySource)[] = [];
  for (const { first, last } of ranges) {
    const piece = file.part(first, last - first + 1);
    if (piece === undefined) {
      for (const taken of pieces) if (!Buffer.isBuffer(taken)) taken.cancel();
      return undefined;
    }
    pieces.push(piece);
  }
  return pieces;
}

/** Whatever becomes of the answer, the descriptor does not outlive the client. */
function cancelWithClient(exchange: Exchange, body: BodySource): void {
  if (exchange.aborted) body.cancel();
  else exchange.onAbort(() => body.cancel());
}

function partial(
  exchange: Exchange,
  file: CachedFile,
  range: ByteRange,
  body: Buffer | BodySource,
): Response {
  const headers = partialFields(exchange, file).append('Content-Range', contentRange(range, file.size));
  return new Response(206, headers, body);
}

/** Content-Range stands in each part and nowhere else (RFC 9110 §15.3.7.2). */
function several(
  exchange: Exchange,
  file: CachedFile,
  { contentType }: MultipartByteranges,
  body: BodySource,
): Response {
  return new Response(206, partialFields(exchange, file).set('Content-Type', contentType), body);
}

/**
 * Fields of a 206. Whoever has sent an If-Range has those that describe the file already (RFC 9110 §15.3.7). Type and coding
 * are told all the same: content should not be sent without a type (§8.3).
 */
function partialFields({ request }: Exchange, file: CachedFile): HeaderList {
  const headers = file.whole.headers.derive();
  return request.headers.has('if-range') ? headers.delete('Last-Modified') : headers;
}

function requestedRanges(headers: ReadonlyHeaderList, file: CachedFile): ReturnType<typeof parseRanges> {
  const range = headers.getList('range');
  if (range === undefined || !ifRangeHolds(headers, file.validators)) return undefined;
  return parseRanges(range, file.size);
}
