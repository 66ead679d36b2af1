import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ChangeError } from './upstream-commands.ts';
import { WorkerThread } from './worker-thread.ts';

test('a command that a thread has not carried out when it ends is refused, and so is every later one', async () => {
  const thread = new WorkerThread(0, () => {});
  // It does not serve yet, and has nothing to say to that.
  const pending = thread.command({ upstream: 'app', command: undefined });
  const refused = assert.rejects(pending, ChangeError);
  thread.kill();
  await refused;
  await thread.ended;
  await assert.rejects(thread.command({ upstream: 'app', command: undefined }), ChangeError);
});
