import { isatty } from 'node:tty';
import type { Server } from '../index.ts';
import { boundHeap } from './heap.ts';

/** What is said besides the banner when a server has started. */
interface Greeting {
  /** Lines in front of everything. */
  readonly notes?: readonly string[];
  /** Whether the URLs for other machines are told, and the first of them shown as a QR code where there is a terminal. */
  readonly network?: boolean;
  /** Called with the URL for this machine. */
  readonly started?: ((url: string) => void) | undefined;
}

/**
 * Runs a server until it is told to stop: SIGTERM or SIGINT lets it finish what is in flight, a second one cuts that off,
 * a third one does not even wait for the log. SIGUSR1 has the log file opened anew. Ends the process.
 */
export async function serve(server: Server, greeting: Greeting = {}): Promise<void> {
  boundHeap();
  const { banner, localUrl, networkUrls } = await import('../index.ts');
  await server.listen();
  const stop = heedSignals(server);
  // A terminal gets it with the log; a pipe or a file that is read as a log gets nothing but log lines.
  const output = process.stdout.isTTY ? process.stdout : process.stderr;
  const color = output.isTTY && output.hasColors();
  const network = greeting.network === true ? networkUrls(server.addresses) : [];
  for (const note of greeting.notes ?? []) output.write(`\n  ${note}\n`);
  output.write(banner(server, color, network));
  if (network.length > 0 && output.isTTY) {
    const { qrCode } = await import('./qr-code.ts');
    output.write(`${qrCode(network[0], color)}\n`);
  }
  greeting.started?.(localUrl(server.addresses[0]));
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

function heedSignals(server: Server): { readonly signals: number } {
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
  const reopenLog = (): void => server.reopenLog();
  // Unheeded, it would make Node open its debugger to whoever can reach it.
  process.on('SIGUSR1', reopenLog);
  // Either the terminal has gone, and the server with it; or there is none, and it is what those send who rotate logs.
  process.on('SIGHUP', [0, 1, 2].some(isatty) ? stop : reopenLog);
  return heard;
}
