import type { DreamError } from '../../src/core/errors.ts';
import { HeaderList } from '../../src/http/header-list.ts';
import { Response } from '../../src/http/response.ts';
import { errorResponse } from '../../src/pipeline/error-response.ts';
import type { Exchange } from '../../src/pipeline/exchange.ts';
import type { Handler } from '../../src/pipeline/handler.ts';
import { PendingResponse } from '../../src/pipeline/pending-response.ts';

/** A request as the handler got it. */
export interface Recorded {
  readonly method: string;
  /** As the client wrote it. */
  readonly rawTarget: string;
  /** As an upstream is asked for it. */
  readonly target: string;
  /** As latin1, as far as it came; undefined where it was not read. */
  body: string | undefined;
  complete: boolean;
}

/**
 * A handler that writes down each request with its body, and answers with what it got. A path that begins with
 * `/unread` is answered without a look at the body.
 */
export class Recorder {
  readonly requests: Recorded[] = [];
  readonly handler: Handler;
  readonly #readsAll: boolean;

  /** `readsAll`: what begins with `/unread` is read too. */
  constructor(readsAll: boolean) {
    this.#readsAll = readsAll;
    this.handler = Object.assign((exchange: Exchange) => this.#handle(exchange), { connects: true });
  }

  #handle(exchange: Exchange): Response | PendingResponse {
    const { request, body, id } = exchange;
    const { method, rawTarget, path, query } = request;
    const recorded: Recorded = { method, rawTarget, target: path + query, body: '', complete: false };
    this.requests.push(recorded);
    if (method === 'CONNECT') {
      recorded.complete = true;
      return errorResponse('request.method-not-allowed', { request, id, allow: 'GET' });
    }
    if (!this.#readsAll && path.startsWith('/unread')) {
      recorded.body = undefined;
      recorded.complete = true;
      return answer(recorded);
    }
    const pending = new PendingResponse();
    body.flow({
      data: (chunk) => {
        recorded.body += chunk.toString('latin1');
        return true;
      },
      end: () => {
        recorded.complete = true;
        pending.settle(answer(recorded));
      },
      fail: ({ code }: DreamError) => pending.settle(errorResponse(code, { request, id })),
    });
    return pending;
  }
}

function answer({ method, body }: Recorded): Response {
  const text = body === undefined ? 'unread' : `${body.length} bytes`;
  return new Response(200, HeaderList.of('Content-Type', 'text/plain'), Buffer.from(`${method}: ${text}`));
}
