import { errorCodeOf, systemCodeOf } from '../core/errors.ts';
import { Response } from '../http/response.ts';
import { errorResponse } from './error-response.ts';
import type { Exchange } from './exchange.ts';
import type { Handler } from './handler.ts';
import { PendingResponse, type Awaiting } from './pending-response.ts';

/** What stands between a request and its route's end: makes a handler of the next one. */
export type Feature = (next: Handler) => Handler;

/**
 * A route's handler: the features in their order, the first one outermost, around its end. Composed once, when the
 * configuration is compiled; with no feature it is the end itself.
 */
export function compose(features: readonly Feature[], end: Handler): Handler {
  if (features.length === 0) return end;
  const handler = features.reduceRight((next, feature) => feature(next), end);
  return end.connects === true ? Object.assign(handler, { connects: true }) : handler;
}

/**
 * What `next` answers, changed, in the way in which it answers: at once, or later without a promise where it needs
 * none. An error of the catalogue that it throws is an answer like any other; what nobody foresaw goes on as it is.
 */
export function changeAnswer(
  next: Handler,
  exchange: Exchange,
  change: (response: Response) => Response,
): Response | PromiseLike<Response> {
  let answer: Response | PromiseLike<Response>;
  try {
    answer = next(exchange);
  } catch (thrown) {
    return change(answerToFailure(thrown, exchange));
  }
  if (answer instanceof Response) return change(answer);
  if (answer instanceof PendingResponse) return new ChangedResponse(answer, change);
  return Promise.resolve(answer).then(change, (thrown: unknown) => change(answerToFailure(thrown, exchange)));
}

function answerToFailure(thrown: unknown, { request, id }: Exchange): Response {
  const code = errorCodeOf(thrown);
  if (code === 'internal.failure') throw thrown;
  return errorResponse(code, { request, id, cause: systemCodeOf(thrown) });
}

/** An answer that is still to come, and will then be another. */
class ChangedResponse extends PendingResponse implements Awaiting {
  readonly #change: (response: Response) => Response;

  constructor(answer: PendingResponse, change: (response: Response) => Response) {
    super();
    this.#change = change;
    answer.whenSettled(this);
  }

  settled(response: Response): void {
    this.settle(this.#change(response));
  }
}
