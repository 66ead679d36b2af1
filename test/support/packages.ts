import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The real programs that tests run against, each with the Debian package that holds it. */
export const debianPackages: Readonly<Record<string, string>> = {
  caddy: 'caddy',
  chromium: 'chromium',
  curl: 'curl',
  'django-admin': 'python3-django',
  dnsmasq: 'dnsmasq-base',
  ffmpeg: 'ffmpeg',
  gunicorn: 'gunicorn',
  haproxy: 'haproxy',
  // Other packages have an nc with other options.
  'nc.openbsd': 'netcat-openbsd',
  nginx: 'nginx',
  openssl: 'openssl',
  python3: 'python3',
  strace: 'strace',
  tinyproxy: 'tinyproxy',
  wget: 'wget',
  wrk: 'wrk',
};

/** Debian keeps servers where a user's PATH does not look. */
const systemFolders = ['/usr/local/sbin', '/usr/sbin', '/sbin'];

/** The path of a program of the table above, or undefined where it is not installed. */
export function findProgram(name: string): string | undefined {
  if (!Object.hasOwn(debianPackages, name)) {
    throw new Error(
      `${name} is not among the programs of test/support/packages.ts: add it with its Debian package`,
    );
  }
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return [...folders, ...systemFolders].map((folder) => join(folder, name)).find(isExecutable);
}

/** The path of a program; throws where it is missing. A test that calls it is declared with `requires`. */
export function program(name: string): string {
  const path = findProgram(name);
  if (path === undefined)
    throw new Error(`${name} is not installed (Debian package ${debianPackages[name]})`);
  return path;
}

/**
 * What a test may give as `skip`: `false` where all the programs are there, else the reason to print.
 *
 *     test('…', { skip: requires('nginx', 'wrk') }, async () => { … });
 */
export function requires(...names: readonly string[]): false | string {
  const missing = names.filter((name) => findProgram(name) === undefined);
  return missing.length === 0 ? false : `needs ${missing.join(', ')}, not installed`;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
