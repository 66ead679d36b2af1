import { closeSync, constants, openSync } from 'node:fs';
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
  const reopenLog = (): void => server.reopenLog();
  process.on('SIGUSR1', reopenLog);
  await server.listen();
  const stop = stopOnSignal(server);
  // A terminal sends it when it goes; where there is none, those do who rotate logs.
  if (hasTerminal()) process.on('SIGHUP', stop.now);
  else process.on('SIGHUP', reopenLog);
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

function stopOnSignal(server: Server): { readonly signals: number; readonly now: () => void } {
  const heard = { signals: 0, now: stop };
  let last = -Infinity;
  function stop(): void {
    const now = performance.now();
    if (now - last < ONE_SIGNAL_MS) return;
    last = now;
    heard.signals++;
    // How it ends is told by `closed`.
    if (heard.signals === 1) server.close().catch(() => {});
    else if (heard.signals === 2) server.cutOff();
    else process.exit(1);
  }
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  return heard;
}

/** Whether a terminal controls this process, wherever its output goes: that of the shell it was started from. */
function hasTerminal(): boolean {
  if (process.platform === 'win32') return true;
  try {
    closeSync(openSync('/dev/tty', constants.O_RDONLY | constants.O_NOCTTY));
    return true;
  } catch {
    return false;
  }
}
