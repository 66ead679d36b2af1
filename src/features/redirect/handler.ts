import { HeaderList } from '../../http/header-list.ts';
import { Response } from '../../http/response.ts';
import type { Handler } from '../../pipeline/handler.ts';
import { compileLocation } from './location.ts';
import type { RedirectOptions } from './schema.ts';

/** The end of a route that sends every request elsewhere. */
export function createRedirectHandler({ to, status }: RedirectOptions): Handler {
  const locate = compileLocation(to);
  return (exchange) => new Response(status, HeaderList.of('location', locate(exchange)));
}
