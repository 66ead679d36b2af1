import { Buffer } from 'node:buffer';
import { HeaderList } from '../../http/header-list.ts';
import { Response } from '../../http/response.ts';
import type { Handler } from '../../pipeline/handler.ts';
import type { RespondOptions } from './schema.ts';

/** The end of a route that gives the same answer to every request: it is made once. */
export function createRespondHandler({ status, body, headers }: RespondOptions): Handler {
  const response = new Response(
    status,
    HeaderList.of(...headers.flat()),
    body === '' ? null : Buffer.from(body, 'utf8'),
    { reusable: true },
  );
  return () => response;
}
