import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';

/** Asks for a media type while no file can be opened, and again when one can. */
const PROGRAM = `
  const { closeSync, openSync } = await import('node:fs');
  const { mediaTypeOf } = await import(${JSON.stringify(new URL('media-type.ts', import.meta.url).href)});
  const open = [];
  try { for (;;) open.push(openSync('/dev/null')); } catch {}
  const first = await mediaTypeOf('a.css').catch((error) => error.code ?? error.cause?.code);
  for (const fd of open) closeSync(fd);
  console.log(first, '|', await mediaTypeOf('a.css'));
`;

test('what could not be loaded for lack of descriptors is loaded when there are some', () => {
  const node = [process.execPath, '--input-type=module', '--eval', PROGRAM];
  const said = execFileSync('sh', ['-c', 'ulimit -n 64 && exec "$0" "$@"', ...node], { encoding: 'utf8' });
  // What Node says depends on which of the module's files it could not open.
  assert.match(said, /^(?:EMFILE|ERR_\w+) \| text\/css; charset=utf-8\n$/);
});
