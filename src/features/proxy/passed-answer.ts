import type { BodySource } from '../../http/body.ts';
import { cameBefore } from '../../http/came-before.ts';
import type { ResponseHead } from '../../http/head.ts';
import { Response } from '../../http/response.ts';
import type { ProxyOptions } from './schema.ts';

/** An answer that was made of an upstream's head. */
class PassedAnswer {
  readonly options: ProxyOptions;
  readonly bodiless: boolean;
  readonly response: Response;

  constructor(options: ProxyOptions, bodiless: boolean, response: Response) {
    this.options = options;
    this.bodiless = bodiless;
    this.response = response;
  }
}

/**
 * The answer that was made of this very head before, with the body that has come with it now; undefined where there is
 * none. `bodiless`: the request was a HEAD, whose answer has another length than its body.
 */
export function passAgain(
  head: ResponseHead,
  options: ProxyOptions,
  bodiless: boolean,
  body: BodySource,
): Response | undefined {
  const kept = head.derived;
  if (!(kept instanceof PassedAnswer) || kept.options !== options || kept.bodiless !== bodiless)
    return undefined;
  return kept.response.withBody(body);
}

/** The answer depends on nothing but the head: it is kept when that has come before. */
export function keepPassed(
  head: ResponseHead,
  options: ProxyOptions,
  bodiless: boolean,
  response: Response,
): Response {
  if (!cameBefore(head)) return response;
  const { status, headers, body, reason } = response;
  const reusable = new Response(status, headers, body, { reason, reusable: true });
  head.derived = new PassedAnswer(options, bodiless, reusable);
  return reusable;
}
