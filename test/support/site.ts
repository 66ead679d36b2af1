import { randomUUID } from 'node:crypto';
import { mkdirSync, symlinkSync } from 'node:fs';
import { type TemporaryDirectory, temporaryDirectory } from './temp.ts';

/** Text that stands in files outside the root and must never be served; another one in each run. */
export const CANARY = `canary ${randomUUID()}: you are outside the root`;

export interface Site extends Disposable {
  /** The directory to serve. */
  readonly root: string;
  /** The directory above it, which holds the canaries. */
  readonly above: string;
  write(name: string, content: string | Uint8Array): string;
  remove(): void;
}

const HTML = '<!doctype html>\n<title>Site</title>\n<h1>Hello</h1>\n';

/** A small site on disk, with canaries above and beside its root and symlinks that lead out of it. */
export function temporarySite(): Site {
  const directory: TemporaryDirectory = temporaryDirectory();
  const root = directory.join('site');
  const write = (name: string, content: string | Uint8Array): string =>
    directory.write(`site/${name}`, content);

  directory.write('canary.txt', CANARY);
  directory.write('site-secret/canary.txt', CANARY);
  write('index.html', HTML);
  write('hello.txt', 'Hello, world.\n');
  write('digits.txt', '0123456789');
  write('empty.txt', '');
  write('style.css', 'body { margin: 0 }\n');
  write('script.js', 'export {};\n');
  write('data.json', '{"a":1}\n');
  write('picture.svg', '<svg xmlns="http://www.w3.org/2000/svg"/>\n');
  write('pixel.png', Buffer.from('89504e470d0a1a0a', 'hex'));
  write('thing.unknown-type', 'thing\n');
  write('with space.txt', 'space\n');
  write('grüße.txt', 'grüße\n');
  write('.hidden', 'hidden\n');
  write('docs/index.html', '<!doctype html>\n<title>Docs</title>\n');
  write('large.bin', patterned(300_000));
  mkdirSync(directory.join('site', 'no-index'));
  symlinkSync('../canary.txt', directory.join('site', 'link-out.txt'));
  symlinkSync('..', directory.join('site', 'directory-out'));
  symlinkSync('hello.txt', directory.join('site', 'link-within.txt'));

  const remove = (): void => directory.remove();
  return { root, above: directory.path, write, remove, [Symbol.dispose]: remove };
}

/** Bytes whose value tells their place, so that a shift or a gap is seen. */
export function patterned(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at++) bytes[at] = (at * 31 + (at >> 8)) & 0xff;
  return bytes;
}
