import { spawn } from 'node:child_process';

/** What opens a URL in the browser of whoever uses this machine. It gets the URL as an argument, past any shell. */
const OPENERS: Readonly<Record<string, readonly [string, ...string[]]>> = {
  darwin: ['open'],
  win32: ['rundll32', 'url.dll,FileProtocolHandler'],
};

/** Shows a URL in the default browser; says so where that cannot be done. */
export function openBrowser(url: string): void {
  const [program, ...args] = OPENERS[process.platform] ?? ['xdg-open'];
  const child = spawn(program, [...args, url], { stdio: 'ignore', detached: true });
  const failed = (how: string): boolean => process.stderr.write(`dreamserver: ${program} ${how} ${url}\n`);
  child.on('error', () => failed('is not there to open'));
  child.on('exit', (code) => {
    if (code !== 0) failed('could not open');
  });
  child.unref();
}
