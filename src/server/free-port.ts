import { StartError } from '../config/config-error.ts';
import { Listener } from '../net/listener.ts';

/** Ports that are tried. */
const MOST_TRIED = 100;

/**
 * The first port from `first` on that no other program listens on, on any address of this machine.
 *
 * @throws StartError when there is none among a hundred
 */
export async function freePort(first: number): Promise<number> {
  const last = Math.min(first + MOST_TRIED - 1, 65_535);
  for (let port = first; port <= last; port++) {
    try {
      const listener = await Listener.open({ port }, false, (socket) => socket.destroy());
      listener.close();
      return port;
    } catch (error) {
      // Whatever else the system says, it will say again where the port is used.
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') return port;
    }
  }
  throw new StartError(
    `the ports ${first} to ${last} are all in use; choose another one with --listen :PORT`,
  );
}
