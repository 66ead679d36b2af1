import { readdirSync, readlinkSync } from 'node:fs';
import { after, mock } from 'node:test';
import { emptyBody, readAll } from '../../src/http/body.ts';
import { fieldNumber } from '../../src/http/field-names.ts';
import { HeaderList } from '../../src/http/header-list.ts';
import type { Response } from '../../src/http/response.ts';
import { FileMemory, sharedMemory } from '../../src/features/static/file-memory.ts';
import type { StaticOptions } from '../../src/features/static/schema.ts';
import { CLEAN, PLAIN } from '../../src/features/static/try-list.ts';
import { Exchange } from '../../src/pipeline/exchange.ts';
import type { Handler } from '../../src/pipeline/handler.ts';

/** What is asked of a handler besides the target. */
export interface Question {
  readonly method?: string;
  /** Field lines: `Range: bytes=0-1`. */
  readonly fields?: readonly string[];
  /** How many milliseconds later than now it is asked; before now when negative. */
  readonly after?: number;
}

/** A handler's answer, its body collected. */
export interface Answer {
  readonly status: number;
  readonly error: string | undefined;
  readonly body: Buffer;
  readonly text: string;
  /** The very object the handler gave. */
  readonly response: Response;
  field(name: string): string | undefined;
}

/** The options as the configuration fills them in. */
export function staticOptions(root: string, options: Partial<StaticOptions> = {}): StaticOptions {
  return {
    root,
    furtherRoots: [],
    index: ['index.html'],
    listing: false,
    try: options.cleanUrls === true ? CLEAN : PLAIN,
    cleanUrls: false,
    spa: false,
    errors: {},
    cacheControl: [],
    types: [],
    charset: 'utf-8',
    download: [],
    precompressed: [],
    dotfiles: 'deny',
    symlinks: 'within-root',
    ...options,
  };
}

/** Memory for the files of a handler. */
export function fileMemory({ size = 64 * 2 ** 20, entries = 10_000, watch = false } = {}): FileMemory {
  const memory = size === 0 ? undefined : sharedMemory({ size, entries });
  return new FileMemory({ memory, threads: 1, watch });
}

/** A request as the head parser hands it over, but with any path at all: the target is not normalised. */
export function exchangeFor(
  target: string,
  { method = 'GET', fields = [], after = 0 }: Question = {},
): Exchange {
  const at = target.indexOf('?');
  const path = at < 0 ? target : target.slice(0, at);
  const query = at < 0 ? '' : target.slice(at);
  const request = {
    method,
    form: 'origin',
    rawTarget: target,
    path,
    query,
    authority: 'a.example',
    version: 11,
    headers: fieldsOffTheWire(['Host: a.example', ...fields]),
  } as const;
  const exchange = new Exchange(request, emptyBody, { address: '127.0.0.1', port: 1, secure: false });
  if (after !== 0) Object.assign(exchange, { startedAt: exchange.startedAt + after });
  return exchange;
}

/** Ask a handler and collect its answer, of which 64 MiB are bearable. */
export async function ask(handler: Handler, target: string, question?: Question): Promise<Answer> {
  return collect(await handler(exchangeFor(target, question)), question?.method);
}

/** The same, of files that count as long since changed: those that are young are read anew whenever they are looked at. */
export async function settledAsk(handler: Handler, target: string, question?: Question): Promise<Answer> {
  const now = mock.method(Date, 'now', () => performance.timeOrigin + performance.now() + 60_000);
  try {
    return await ask(handler, target, question);
  } finally {
    now.mock.restore();
  }
}

/** For all tests of a file, what has been written counts as long since changed, as in `settledAsk`. */
export function settleFiles(): void {
  const now = Date.now;
  Date.now = () => now() + 60_000;
  after(() => {
    Date.now = now;
  });
}

/** The body of an answer to HEAD is let go of, as the wire does. */
export async function collect(response: Response, method = 'GET'): Promise<Answer> {
  let body = Buffer.alloc(0);
  if (Buffer.isBuffer(response.body)) body = Buffer.from(response.body);
  else if (method === 'HEAD') response.body?.cancel();
  else if (response.body !== null) body = Buffer.from(await readAll(response.body, 64 * 2 ** 20));
  return {
    status: response.status,
    error: response.error,
    body,
    text: body.toString(),
    response,
    field: (name) => response.headers.get(name),
  };
}

/** What comes of it in a word: the text of the file, where else it is, or the status. */
export function told(answer: Answer): string | number {
  return answer.status === 200 ? answer.text : (answer.field('Location') ?? answer.status);
}

/** The names of the files below a directory that this process has open. */
export function openBelow(directory: string): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${fd}`);
      return path.startsWith(directory) ? [path] : [];
    } catch {
      // The descriptor with which the list was read.
      return [];
    }
  });
}

function fieldsOffTheWire(lines: readonly string[]): HeaderList {
  let text = '';
  const spans: number[] = [];
  for (const line of lines) {
    const start = text.length;
    const colon = line.indexOf(':');
    const value = start + colon + 1 + (line[colon + 1] === ' ' ? 1 : 0);
    text += `${line}\r\n`;
    spans.push(fieldNumber(line.slice(0, colon)), start, start + colon, value, text.length - 2);
  }
  return new HeaderList(text, spans);
}
