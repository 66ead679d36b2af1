import { connect } from 'node:net';

import type { Running } from './processes.ts';

/**
 * Waits until a connection to the port succeeds, trying every millisecond. Returns the milliseconds it took.
 * Throws with the program's own last words when it ends or does not listen within `limitMs`.
 */
export async function untilListening(target: Running, port: number, limitMs = 10_000): Promise<number> {
  const begun = performance.now();
  for (;;) {
    if (await accepts(port)) return performance.now() - begun;
    if (target.child.exitCode !== null || target.child.signalCode !== null) {
      throw new Error(`${target.name} ended at start: ${target.said()}`);
    }
    if (performance.now() - begun > limitMs) {
      throw new Error(`${target.name} did not listen within ${limitMs} ms: ${target.said()}`);
    }
    await new Promise((resolve) => {
      setTimeout(resolve, 1);
    });
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
