import { chmodSync } from 'node:fs';
import type { WriteOptions } from '../../src/features/static/write/schema.ts';
import { head } from './message.ts';
import type { TemporaryDirectory } from './temp.ts';

export const TOKEN = 'a-token-of-the-tests';

/** Field line of somebody who may write. */
export const WITH_TOKEN = `Authorization: Bearer ${TOKEN}`;

/** A file of tokens that only its owner may read; returns its path. */
export function tokensFile(directory: TemporaryDirectory, content = `${TOKEN}\n`): string {
  const path = directory.write('tokens', content);
  chmodSync(path, 0o600);
  return path;
}

/** The options as the configuration fills them in. */
export function writeOptions(tokens: string, options: Partial<WriteOptions> = {}): WriteOptions {
  return { methods: ['PUT', 'DELETE'], tokens, maxSize: 100 * 2 ** 20, ...options };
}

/** A PUT with a token and these bytes, and further field lines. */
export function put(target: string, content: string, ...fields: string[]): string {
  return putHead(target, content.length, ...fields) + content;
}

/** The same without its bytes. */
export function putHead(target: string, length: number, ...fields: string[]): string {
  return head(`PUT ${target} HTTP/1.1`, 'Host: a', WITH_TOKEN, `Content-Length: ${length}`, ...fields);
}

/** A DELETE with a token, and further field lines. */
export function remove(target: string, ...fields: string[]): string {
  return head(`DELETE ${target} HTTP/1.1`, 'Host: a', WITH_TOKEN, ...fields);
}
