import { newRequestId } from '../core/request-id.ts';
import { Deadline } from '../core/deadline.ts';
import { encodeResponseHead } from '../http1/encode-response-head.ts';
import type { OpenTransport } from '../net/transport.ts';
import { errorResponse } from '../pipeline/error-response.ts';

/** How long a client that was turned away may take to read why. */
const LINGER_MS = 1000;

let present = 0;

/**
 * Answer a connection that is one too many with 503, and close it. Its request is not read: the answer is the same
 * whatever it asks for. Where `most` are being told so at the same time, it is closed without a word.
 */
export function turnAway(
  transport: OpenTransport,
  serverHeader: string | undefined,
  most: number,
  done: (address: string, id: string, bytes: number) => void,
): void {
  if (present >= most) {
    transport.destroy();
    return;
  }
  present++;
  const id = newRequestId();
  const response = errorResponse('server.connection-limit', {
    request: undefined,
    id,
    headers: ['Retry-After', '1'],
  });
  const body = response.body as Buffer;
  transport.open({
    data: () => {},
    ended: () => transport.destroy(),
    drained: () => {},
    closed: () => {
      present--;
      deadline.release();
      done(transport.peer.address, id, body.length);
    },
  });
  const deadline = new Deadline<'linger'>({ expired: () => transport.destroy() });
  deadline.arm('linger', LINGER_MS);
  transport.writeBoth(encodeResponseHead(response, 'whole', 11, id, false, serverHeader), body, '');
  transport.end();
}
