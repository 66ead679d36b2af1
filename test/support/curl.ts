import { spawn } from 'node:child_process';
import { program } from './packages.ts';

export interface CurlResult {
  /** curl's exit code; 0 is fine. */
  readonly code: number;
  readonly status: number;
  /** Response head of the last response, as received. */
  readonly head: string;
  readonly body: Buffer;
  /** `--verbose` lines and errors. */
  readonly messages: string;
  json(): unknown;
}

/** Runs curl with these arguments (the URL among them); `input` becomes its standard input. */
export function curl(args: readonly string[], input?: Uint8Array): Promise<CurlResult> {
  const child = spawn(program('curl'), ['--silent', '--verbose', '--include', '--max-time', '60', ...args]);
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  // curl may leave before it has read all of its input, for instance when the server refuses an upload.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) =>
      resolve(split(code ?? -1, Buffer.concat(out), Buffer.concat(err).toString())),
    );
  });
}

/** `--include` puts the heads before the body: interim and followed ones too; the last one belongs to the body. */
function split(code: number, output: Buffer, messages: string): CurlResult {
  let head = '';
  let body = output;
  while (/^HTTP\/\d/.test(body.toString('latin1', 0, 6))) {
    const end = body.indexOf('\r\n\r\n');
    if (end < 0) break;
    head = body.toString('latin1', 0, end);
    body = body.subarray(end + 4);
  }
  const status = Number(/^HTTP\/[\d.]+ (\d+)/.exec(head)?.[1] ?? 0);
  return { code, status, head, body, messages, json: () => JSON.parse(body.toString()) as unknown };
}

/** A field of a response head that curl printed; undefined when it is not there. */
export function headField(head: string, name: string): string | undefined {
  const line = head.split('\r\n').find((each) => each.toLowerCase().startsWith(`${name.toLowerCase()}:`));
  return line?.slice(line.indexOf(':') + 1).trim();
}
