import type { Server } from '../index.ts';

/**
 * Runs a server until it is told to stop: SIGTERM or SIGINT lets it finish what is in flight, a second one cuts that off,
 * a third one does not even wait for the log. Ends the process.
 */
export async function serve(server: Server): Promise<void> {
  const { banner } = await import('../index.ts');
  await server.listen();
  const stop = stopOnSignal(server);
  // A terminal gets it with the log; a pipe or a file that is read as a log gets nothing but log lines.
  const output = process.stdout.isTTY ? process.stdout : process.stderr;
  output.write(banner(server, output.isTTY && output.hasColors()));
  try {
    await server.closed;
  } catch {
    // It has been logged.
    process.exit(1);
  }
  process.exit(stop.signals > 1 ? 1 : 0);
}

/** Signals within so many milliseconds are one: npm passes on a Ctrl-C that the terminal has sent to all of its processes. */
const ONE_SIGNAL_MS = 100;

function stopOnSignal(server: Server): { readonly signals: number } {
  const heard = { signals: 0 };
  let last = -Infinity;
  const stop = (): void => {
    const now = performance.now();
    if (now - last < ONE_SIGNAL_MS) return;
    last = now;
    heard.signals++;
    // How it ends is told by `closed`.
    if (heard.signals === 1) server.close().catch(() => {});
    else if (heard.signals === 2) server.cutOff();
    else process.exit(1);
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  return heard;
}
