import { expectedUpstream, serve, type Forwarded, type Served } from './ours.ts';
import { contradiction, sideBySide, visible, withoutAuthority, type Reading } from './reading.ts';

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

/** The same for each stream that our proxy has written to its upstream, of what it has accepted. */
export async function compareStreams(
  { streams }: Forwarded,
  name: string,
  read: Reader,
): Promise<string | undefined> {
  for (const stream of streams) {
    const all = Buffer.concat([stream, Buffer.from(LAST)]);
    const { reading } = serve({ pieces: [all] });
    const found = compare(all, reading, name, await read(all, completeIn(reading)));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** What our proxy has written, held against what the handler of the same server gets. */
export function compareWithUpstream(
  bytes: Buffer,
  { requests }: Served,
  { malformed, reading, streams }: Forwarded,
): string | undefined {
  const expected = expectedUpstream(requests);
  const found =
    malformed === undefined
      ? compare(bytes, expected, 'upstream', reading)
      : `${malformed}\n${sideBySide(bytes, expected, 'upstream', reading)}`;
  return found === undefined ? undefined : `${found}\nwritten:\n  ${visible(Buffer.concat(streams))}`;
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
