import { type Browser, chromium } from 'playwright-core';
import { program } from './packages.ts';

/**
 * Headless Chromium that talks to nobody but this machine.
 *
 * @param hosts names that it shall find at 127.0.0.1
 */
export function startChromium(hosts: readonly string[]): Promise<Browser> {
  const rules = [...hosts.map((host) => `MAP ${host} 127.0.0.1`), 'EXCLUDE 127.0.0.1', 'MAP * ~NOTFOUND'];
  return chromium.launch({
    executablePath: program('chromium'),
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      `--host-resolver-rules=${rules.join(', ')}`,
    ],
  });
}
