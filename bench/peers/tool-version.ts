import { spawnSync } from 'node:child_process';

/** What a program says of its version, on whichever stream, cut to what `pattern` captures. */
export function toolVersion(command: string, args: string[], pattern: RegExp, debianPackage: string): string {
  const { stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8', timeout: 10_000 });
  if (error !== undefined) throw new Error(`${command} could not be run (Debian package ${debianPackage})`);
  return pattern.exec(stdout + stderr)?.[1] ?? 'unknown version';
}
