import { Buffer } from 'node:buffer';
import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Option, type Command } from 'commander';
import type { Anatomy } from '../index.ts';
import { UsageError } from './usage-error.ts';

interface ExplainOptions {
  readonly raw?: string;
  readonly response?: string | true;
  readonly json?: boolean;
}

/** Standard input, in place of a file. */
const STDIN = '-';
/** Exit code: a message was refused, or is not all there. */
const NOT_ALL_ACCEPTED = 1;
/** Where the output is no terminal, or a very wide one. */
const COLUMNS = 80;
const MOST_COLUMNS = 120;
const LEAST_COLUMNS = 60;
/** Characters that are written at once. */
const PIECE = 65_536;

/** `dreamserver explain --raw FILE [--response [METHOD]] [--json]` */
export function addExplain(program: Command): void {
  program
    .command('explain')
    .description('show how the bytes of HTTP/1.1 messages are read, range by range and rule by rule')
    .argument('[words...]')
    .addOption(new Option('--raw <file>', 'the bytes; - for standard input'))
    .option('--response [method]', 'the bytes are answers to requests of this method (default: GET)')
    .option('--json', 'print the ranges as JSON')
    .usage('--raw FILE [--response [METHOD]] [--json]')
    .action(async (words: readonly string[], { raw, response, json = false }: ExplainOptions) => {
      if (raw === undefined || words.length > 0) {
        throw new UsageError(
          'explain reads bytes for now: dreamserver explain --raw FILE (- for standard input)',
        );
      }
      const method = response === true ? 'GET' : response;
      if (method !== undefined && !/^[A-Za-z-]+$/.test(method)) {
        throw new UsageError(`--response ${method}: expected a method, such as HEAD`);
      }
      const bytes = await read(raw);
      const { explainRequests, explainResponses } = await import('../index.ts');
      const anatomy =
        method === undefined ? await explainRequests(bytes) : explainResponses(bytes, method.toUpperCase());
      await write(json ? toJson(anatomy) : await toPage(bytes, anatomy));
      if (!anatomy.complete || bytes.length === 0) process.exitCode = NOT_ALL_ACCEPTED;
    });
}

async function read(file: string): Promise<Buffer> {
  try {
    if (file !== STDIN) return await readFile(file);
    const pieces: Buffer[] = [];
    for await (const piece of process.stdin) pieces.push(piece as Buffer);
    return Buffer.concat(pieces);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(`--raw ${file}: ${REASONS[code ?? ''] ?? `it cannot be read (${code})`}`, {
      cause: error,
    });
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'this is a directory, not a file',
  EACCES: 'it may not be read',
};

async function toPage(bytes: Buffer, anatomy: Anatomy): Promise<readonly string[]> {
  const [{ explainPage }, { Paper }] = await Promise.all([import('./explain-page.ts'), import('./paper.ts')]);
  const { stdout } = process;
  const columns = Math.max(LEAST_COLUMNS, Math.min(stdout.columns || COLUMNS, MOST_COLUMNS));
  return explainPage(bytes, anatomy, new Paper(columns, stdout.isTTY && stdout.hasColors()));
}

/** For tools: the shape is stable, keys are only ever added. A line for each message and each range. */
function* toJson({ messages, ranges }: Anatomy): Iterable<string> {
  yield '{ "messages": [';
  for (const [i, { offset, length, outcome, framing, refusal, next }] of messages.entries()) {
    const told = {
      offset,
      length,
      outcome,
      framing: framing?.rule ?? null,
      error: refusal?.code ?? null,
      detail: refusal?.detail ?? null,
      errorOffset: refusal?.offset ?? null,
      kept: next.kept,
    };
    yield jsonLine(told, i === messages.length - 1);
  }
  yield '], "ranges": [';
  for (const [i, { message, offset, length, name, value = null, rule }] of ranges.entries()) {
    yield jsonLine({ message, offset, length, name, value, rule }, i === ranges.length - 1);
  }
  yield '] }';
}

/** JSON lets the second set of control characters stand, which some terminals obey. */
function jsonLine(value: object, last: boolean): string {
  const text = JSON.stringify(value).replaceAll(
    /[\x7f-\x9f]/g,
    (byte) => `\\u00${byte.charCodeAt(0).toString(16)}`,
  );
  return `  ${text}${last ? '' : ','}`;
}

/** A reader that has seen enough, such as `head`, is no failure. */
async function write(lines: Iterable<string>): Promise<void> {
  try {
    await pipeline(Readable.from(pieces(lines)), process.stdout, { end: false });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error;
  }
}

/** Many lines in one write; and never all of them in one string, which could be longer than strings may be. */
function* pieces(lines: Iterable<string>): Iterable<string> {
  let piece = '';
  for (const line of lines) {
    piece += `${line}\n`;
    if (piece.length < PIECE) continue;
    yield piece;
    piece = '';
  }
  yield piece;
}
