import { lstatSync, unlinkSync } from 'node:fs';
import { SocketTransport } from '../net/socket-transport.ts';

/**
 * Removes what a server that ended suddenly left at the path of its unix socket, so that the path can be listened on
 * again. Leaves alone what is no socket, and a socket on which somebody listens.
 */
export async function removeStaleSocket(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found?.isSocket() === true && (await connectFailure(path)) === 'ECONNREFUSED') unlinkSync(path);
}

/** The system's code for why nobody could be reached; undefined when somebody was. */
function connectFailure(path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    SocketTransport.connecting(
      { path },
      { data: () => {}, ended: () => {}, drained: () => {}, closed: (error) => resolve(error?.code) },
      (transport) => transport.destroy(),
    );
  });
}
