import { createServer } from 'node:net';

/**
 * Makes this the only bench of the machine: two that share the cores measure each other. The name (an abstract Unix
 * socket, so there is no file to be left behind) is free again when the process ends, however it ends.
 */
export function claimMachine(): Promise<void> {
  return new Promise((resolve, reject) => {
    const claim = createServer();
    claim.once('error', () => reject(new Error('another bench is running on this machine')));
    claim.listen('\0dreamserver-bench', () => {
      claim.unref();
      resolve();
    });
  });
}
