/** Answers the very bytes of a request that it has seen before with what it has made then, from memory. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { Listener } from '../../../src/net/listener.ts';
import type { OpenTransport, TransportEvents } from '../../../src/net/transport.ts';
import { openLog } from './log.ts';

/** Up to this length head and bytes leave as one text, as in DreamServer. */
const TEXT_LIMIT = 15 * 1024;

const [port, logFile, root] = process.argv.slice(2);
const log = openLog(logFile);

interface Answer {
  head: string;
  bytes: Buffer | undefined;
  isLast: boolean;
}
const answers = new Map<string, Answer>();
const files = new Map<string, Buffer>();

class Connection implements TransportEvents {
  readonly #transport: OpenTransport;

  constructor(transport: OpenTransport) {
    this.#transport = transport;
    transport.open(this);
  }

  data(bytes: Buffer, length: number): void {
    const text = bytes.toString('latin1', 0, length);
    for (let at = 0; at < length;) {
      const end = text.indexOf('\r\n\r\n', at) + 4;
      if (end < 4) throw new Error('a request in two pieces');
      this.#answer(at === 0 && end === length ? text : text.slice(at, end));
      at = end;
    }
  }

  #answer(request: string): void {
    const { head, bytes, isLast } = answers.get(request) ?? make(request);
    if (bytes === undefined) this.#transport.write(head);
    else this.#transport.writeBoth(head, bytes, '');
    log();
    if (isLast) this.#transport.end();
  }

  ended(): void {
    this.#transport.end();
  }

  drained(): void {}
  closed(): void {}
}

function make(request: string): Answer {
  const isLast = request.includes('\r\nConnection: close\r\n');
  const fields = `ETag: "floor"\r\nX-Request-Id: 0\r\nServer: floor\r\n${isLast ? 'Connection: close\r\n' : ''}\r\n`;
  let head: string;
  let bytes: Buffer | undefined;
  if (request.includes('\r\nIf-None-Match: ')) {
    head = `HTTP/1.1 304 Not Modified\r\n${fields}`;
  } else {
    const path = request.split(' ', 2)[1].replace(/\/$/, '/index.html');
    bytes = files.get(path) ?? readFileSync(join(root, path));
    files.set(path, bytes);
    head = `HTTP/1.1 200 OK\r\nContent-Length: ${bytes.length}\r\n${fields}`;
    if (bytes.length <= TEXT_LIMIT) {
      head += bytes.toString('latin1');
      bytes = undefined;
    }
  }
  const answer = { head, bytes, isLast };
  answers.set(request, answer);
  return answer;
}

await Listener.open({ host: '127.0.0.1', port: Number(port) }, true, (transport) => {
  new Connection(transport);
});
