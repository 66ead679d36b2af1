/** The table of media types, which takes long to load: when it is there. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { temporaryDirectory } from '../../test/support/temp.ts';
import { until } from '../../test/support/until.ts';
import { mediaTypeNow } from '../http/media-type.ts';
import { createServer } from './create-server.ts';

test('a server of files has the table ready before anybody asks, and does not start later for it', async () => {
  using directory = temporaryDirectory();
  const server = createServer({
    listeners: [{ address: '127.0.0.1:0' }],
    routes: [{ files: { root: directory.path } }],
    accessLog: { path: directory.join('access.log') },
  });
  await server.listen();
  try {
    assert.equal(mediaTypeNow('a.css'), undefined);
    await until(() => mediaTypeNow('a.css') !== undefined, { what: 'the table is there', every: 2 });
  } finally {
    await server.close();
  }
});
