import type { Server } from '../index.ts';

/**
 * Runs a server until it is told to stop: SIGTERM or SIGINT lets it finish what is in flight, a second one does not
 * wait. Ends the process.
 */
export async function serve(server: Server): Promise<void> {
  const { banner } = await import('../index.ts');
  await server.listen();
  stopOnSignal(server);
  // A terminal gets it with the log; a pipe or a file that is read as a log gets nothing but log lines.
  const output = process.stdout.isTTY ? process.stdout : process.stderr;
  output.write(banner(server, output.isTTY && output.hasColors()));
  try {
    await server.closed;
  } catch {
    // It has been logged.
    process.exit(1);
  }
  process.exit(0);
}

function stopOnSignal(server: Server): void {
  let stopping = false;
  const stop = (): void => {
    if (stopping) process.exit(1);
    stopping = true;
    // How it ends is told by `closed`.
    server.close().catch(() => {});
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}
