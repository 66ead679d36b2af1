/**
 * Loaded into a DreamServer under test before its own code: at SIGUSR2 its main thread collects what it can, and tells on
 * standard error how many bytes are in use then.
 */
import { setFlagsFromString } from 'node:v8';
import { isMainThread } from 'node:worker_threads';
import { runInNewContext } from 'node:vm';

if (isMainThread) {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  process.on('SIGUSR2', () => {
    collect();
    // What is closed in this turn is let go of in the next.
    setImmediate(() => {
      collect();
      const { heapUsed, external } = process.memoryUsage();
      process.stderr.write(`memory probe: ${heapUsed + external}\n`);
    });
  });
}
