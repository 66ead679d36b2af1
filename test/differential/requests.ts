import { expectedUpstream, forward, serve, type Served } from './ours.ts';
import { contradiction, sideBySide, withoutAuthority, type Reading } from './reading.ts';

/** Another reader of requests: how it reads these bytes, followed by the end of the stream. */
export type Reader = (bytes: Buffer, awaited: number) => Promise<Reading>;

/** The last request: who has seen every other one to its end sees it too, and closes. */
export const LAST = 'GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';

/** Two readings of something that we have accepted, or nothing. */
export async function compareRaw(bytes: Buffer, name: string, read: Reader): Promise<string | undefined> {
  const all = Buffer.concat([bytes, Buffer.from(LAST)]);
  const { reading } = serve({ pieces: [all] });
  if (reading.messages.length === 0) return undefined;
  return compare(all, reading, name, await read(all, completeIn(reading)));
}

/** The same for each stream that our proxy writes to its upstream, of what it has accepted. */
export async function compareForwarded(
  bytes: Buffer,
  name: string,
  read: Reader,
  buffered: boolean,
): Promise<string | undefined> {
  const { streams } = forward({ pieces: [bytes] }, buffered);
  for (const stream of streams) {
    const all = Buffer.concat([stream, Buffer.from(LAST)]);
    const { reading } = serve({ pieces: [all] });
    const found = compare(all, reading, name, await read(all, completeIn(reading)));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** What our proxy writes, held against what the handler of the same server gets. */
export function compareWithUpstream(
  bytes: Buffer,
  buffered: boolean,
  served: Served = serve({ pieces: [bytes] }),
): string | undefined {
  const { malformed, messages, streams } = forward({ pieces: [bytes] }, buffered);
  const written = Buffer.concat(streams);
  const expected = expectedUpstream(served.requests);
  if (malformed !== undefined) {
    return `forwarded: ${malformed}\n${sideBySide(bytes, expected, 'upstream', { messages, end: 'refused' })}`;
  }
  const found = compare(bytes, expected, 'upstream', { messages, end: 'open' });
  return found === undefined
    ? undefined
    : `${found}\nwritten:\n  ${JSON.stringify(written.toString('latin1'))}`;
}

function compare(bytes: Buffer, ours: Reading, name: string, theirs: Reading): string | undefined {
  const what = contradiction(comparable(ours), comparable(theirs));
  return what === undefined ? undefined : `${what}\n${sideBySide(bytes, ours, name, theirs)}`;
}

/** With heads as far as proxies pass them on alike. */
function comparable({ messages, end }: Reading): Reading {
  return {
    messages: messages.map((message) => {
      const [method, target] = message.head.split(' ');
      return { ...message, head: `${method} ${withoutAuthority(target)}` };
    }),
    end,
  };
}

function completeIn({ messages }: Reading): number {
  return messages.filter(({ complete }) => complete).length;
}
