import { spawn } from 'node:child_process';
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { debianPackages, findProgram } from '../support/packages.ts';

/** Names of the programs of the table that this machine lacks. */
export function missingPrograms(): string[] {
  return Object.keys(debianPackages).filter((name) => findProgram(name) === undefined);
}

/** Whether packages may be installed here without asking anybody. */
export function canInstall(): boolean {
  return process.getuid?.() === 0 && /^ID="?debian"?$/m.test(readIfThere('/etc/os-release'));
}

/**
 * Installs the Debian packages of these programs and nothing else. No service is started by it.
 * Resolves to undefined, or to what went wrong.
 */
export async function install(programs: readonly string[]): Promise<string | undefined> {
  const packages = [...new Set(programs.map((name) => debianPackages[name] ?? name))];
  const allowServices = forbidServices();
  const interrupted = (): void => {
    allowServices();
    process.exit(130);
  };
  process.once('SIGINT', interrupted);
  process.once('SIGTERM', interrupted);
  try {
    const wait = ['-q', '-o', 'DPkg::Lock::Timeout=300'];
    return (
      (await aptGet([...wait, 'update'])) ??
      (await aptGet([...wait, '--yes', '--no-install-recommends', 'install', ...packages]))
    );
  } finally {
    allowServices();
    process.off('SIGINT', interrupted);
    process.off('SIGTERM', interrupted);
  }
}

/**
 * Debian starts a service as soon as its package is installed, unless /usr/sbin/policy-rc.d exits with 101
 * (invoke-rc.d(8)). Puts such a policy there; the function returned restores what was there before.
 */
function forbidServices(): () => void {
  const policy = '/usr/sbin/policy-rc.d';
  const aside = `${policy}.before-dreamserver-tests`;
  const hadOne = existsSync(policy);
  if (hadOne) renameSync(policy, aside);
  writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  return () => {
    if (hadOne) renameSync(aside, policy);
    else rmSync(policy, { force: true });
  };
}

/** Resolves to undefined when apt-get succeeded, else to the end of what it said. */
function aptGet(args: readonly string[]): Promise<string | undefined> {
  const child = spawn('apt-get', args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' },
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-4000);
    });
  }
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code) => resolve(code === 0 ? undefined : `apt-get ${args.join(' ')}\n${said}`));
  });
}

function readIfThere(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}
