import type { Response } from '../http/response.ts';
import type { Exchange } from './exchange.ts';

/**
 * Answers an exchange: at once whenever it can, else through anything with a `then`. A `PendingResponse` (the proxy's) costs
 * no promise. What is thrown or rejected becomes a 500 page, or what its `DreamError` code says.
 */
export interface Handler {
  (exchange: Exchange): Response | PromiseLike<Response>;
  /** Set where it knows what to do with CONNECT; every other handler's route refuses that method. */
  readonly connects?: boolean;
}
