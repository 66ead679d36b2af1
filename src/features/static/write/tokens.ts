import { Buffer } from 'node:buffer';
import { createHash, timingSafeEqual } from 'node:crypto';
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { knownField } from '../../../http/field-names.ts';
import type { ReadonlyHeaderList } from '../../../http/header-list.ts';

const AUTHORIZATION = knownField('authorization');

/** Bytes of a file of tokens: enough for some thousand. */
const LARGEST = 2 ** 18;

/** `b64token` of RFC 6750 §2.1, of a length that nobody guesses. */
const TOKEN = /^(?=.{16})[\w.~+/-]+=*$/;
const DIGEST = /^sha256:([0-9a-f]{64})$/i;
const CREDENTIALS = /^bearer +([\w.~+/-]+=*)$/i;

/**
 * The SHA-256 of each token in a file: a token a line, or `sha256:` and its digest; empty lines and those that begin with
 * `#` are passed over.
 *
 * @throws Error that says what is wrong with the file, and nothing of what stands in it
 */
export function readTokens(path: string): Buffer[] {
  const { text, mode } = read(path);
  const digests: Buffer[] = [];
  let plain = false;
  for (const [i, line] of text.split('\n').entries()) {
    const entry = line.trim();
    if (entry === '' || entry.startsWith('#')) continue;
    const digest = DIGEST.exec(entry)?.[1];
    if (digest === undefined && !TOKEN.test(entry)) throw new Error(`line ${i + 1} of ${path} ${MALFORMED}`);
    plain ||= digest === undefined;
    digests.push(digest === undefined ? sha256(entry) : Buffer.from(digest, 'hex'));
  }
  if (digests.length === 0) throw new Error(`there is no token in ${path}, which has one a line`);
  if ((mode & 0o002) !== 0) {
    throw new Error(`everybody may write to the file of tokens ${path}: \`chmod o-w\` takes that back`);
  }
  if (plain && (mode & 0o004) !== 0) {
    throw new Error(`everybody may read the tokens in ${path}: \`chmod o-r\`, or lines \`sha256:DIGEST\``);
  }
  return digests;
}

const MALFORMED =
  'is neither a token (16 or more of letters, digits and `-._~+/`) nor `sha256:` and 64 hexadecimal digits';

/**
 * Whether a request has one of the tokens (RFC 6750 §2.1); undefined where it has no credentials of the kind. Digests
 * are compared, all of them and each in the same time, so that nobody learns from how long it takes.
 */
export function hasToken(headers: ReadonlyHeaderList, digests: readonly Buffer[]): boolean | undefined {
  const field = headers.getSole(AUTHORIZATION);
  const token = typeof field === 'string' ? CREDENTIALS.exec(field)?.[1] : undefined;
  if (token === undefined) return undefined;
  const presented = sha256(token);
  let known = false;
  for (const digest of digests) known = timingSafeEqual(presented, digest) || known;
  return known;
}

function sha256(token: string): Buffer {
  return createHash('sha256').update(token, 'latin1').digest();
}

function read(path: string): { readonly text: string; readonly mode: number } {
  let fd: number | undefined;
  try {
    fd = openSync(path, 'r');
    const { size, mode } = fstatSync(fd);
    if (size > LARGEST) throw new Error(`the file of tokens ${path} has more than ${LARGEST} bytes`);
    // The mode of Windows says nothing of who may.
    return { text: readFileSync(fd, 'utf8'), mode: process.platform === 'win32' ? 0 : mode };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    if (code === 'ENOENT') throw new Error(`the file ${path} does not exist`, { cause: error });
    if (code === 'EACCES') throw new Error(`the file ${path} may not be read`, { cause: error });
    throw new Error(`the file ${path} cannot be used (${code})`, { cause: error });
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}
