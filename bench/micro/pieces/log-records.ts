import { randomUUID } from 'node:crypto';

import type { AccessRecord } from '../../../src/observe/access-record.ts';

const USER_AGENT =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Safari/537.36';

/** 1,024 records of requests, as the server has them: substrings of the head's text. */
export const records: readonly AccessRecord[] = Array.from({ length: 1024 }, (_, i) => {
  const head = Buffer.from(
    `GET /static/css/site-${i}.css?v=${i} HTTP/1.1\r\nHost: localhost:8080\r\n\r\n`,
  ).toString('latin1');
  const host = head.indexOf('Host: ') + 6;
  return {
    id: randomUUID(),
    ip: '127.0.0.1',
    method: head.slice(0, 3),
    host: head.slice(host, host + 14),
    path: head.slice(4, head.indexOf(' HTTP')),
    status: 200,
    bytes: 1024 + i,
    latencyMs: (i & 7) + 0.3,
    error: undefined,
    version: 11,
    referer: undefined,
    userAgent: USER_AGENT,
  };
});
