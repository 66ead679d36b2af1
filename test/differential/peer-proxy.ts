import { RawConnection } from '../support/raw-connection.ts';
import { within } from '../support/until.ts';
import type { Reading, ReadingEnd } from './reading.ts';
import { RECORDED, type RecordingBackend } from './recording-backend.ts';

/**
 * What a proxy in front of a recording backend reads in these bytes, on a connection of its own. `awaited`: the answers
 * after which the client says that it will send no more. Not before: a proxy may then drop what is pipelined.
 */
export async function readByProxy(
  port: number,
  backend: RecordingBackend,
  bytes: Buffer,
  awaited: number,
): Promise<Reading> {
  using client = await RawConnection.connect(port);
  // It may refuse and close before it has read all.
  await client.send(bytes).catch(() => {});
  await untilAnswered(client, awaited);
  client.halfClose();
  await within(10_000, 'the proxy ends the connection', client.ended);
  const messages = await backend.take();
  const connect = messages.findIndex(({ head }) => head.startsWith('CONNECT '));
  return {
    messages,
    // Where CONNECT has got its tunnel, what follows are the bytes of another protocol, and no requests (RFC 9110 §9.3.6).
    end: connect === -1 ? endOf(client.unread.toString('latin1')) : 'closed',
  };
}

/** Waits for so many final answers, or the end: whoever still waits for more then has let its time pass. */
async function untilAnswered(client: RawConnection, count: number): Promise<void> {
  for (;;) {
    const { unread } = client;
    if ((unread.toString('latin1').match(FINAL_STATUS)?.length ?? 0) >= count) return;
    const more = client.untilUnread(unread.length + 1).then(
      () => true,
      () => false,
    );
    if (!(await more)) return;
  }
}

const FINAL_STATUS = /HTTP\/1\.[01] [2-5]\d\d/g;

function endOf(output: string): ReadingEnd {
  const last = output.slice(Math.max(0, output.lastIndexOf('HTTP/1.')));
  const head = last.slice(0, last.indexOf('\r\n\r\n')).toLowerCase();
  const own = !head.includes(RECORDED.toLowerCase());
  // It has waited for more of a request until its time was over.
  if (own && (head === '' || /^http\/1\.[01] 408/.test(head))) return 'open';
  if (own && /^http\/1\.[01] [45]/.test(head)) return 'refused';
  return /\r\nconnection: close/.test(head) ? 'closed' : 'open';
}
