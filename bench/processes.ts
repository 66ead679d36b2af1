import { spawn } from 'node:child_process';
import type { ChildProcess, StdioOptions } from 'node:child_process';
import { once } from 'node:events';

import { processTree } from './measure.ts';

/** A program to run: what the shell would be told, and the core it is pinned to. */
export interface Launch {
  command: string;
  args: string[];
  env?: Record<string, string>;
  cwd?: string;
}

export interface Running {
  name: string;
  pid: number;
  child: ChildProcess;
  /** The last 2,000 characters that it wrote to standard error (and to standard output where that is a pipe). */
  said(): string;
}

const running = new Set<Running>();

/**
 * Starts a program on one core, or on several (`0,1`). `taskset` replaces itself with the program, so the pid is the program's own.
 * `stdout` is a file descriptor to write to, or absent to keep the last lines.
 */
export function start(name: string, launch: Launch, core: number | string, stdout?: number): Running {
  const stdio: StdioOptions = ['pipe', stdout ?? 'pipe', 'pipe'];
  const child = spawn('taskset', ['-c', String(core), launch.command, ...launch.args], {
    stdio,
    env: { ...process.env, ...launch.env },
    ...(launch.cwd === undefined ? {} : { cwd: launch.cwd }),
  });
  if (child.pid === undefined) throw new Error(`${name}: taskset could not be started (package util-linux)`);
  let tail = '';
  const keep = (text: Buffer) => {
    tail = (tail + text.toString()).slice(-2000);
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  child.stdin?.on('error', () => {});
  const entry: Running = { name, pid: child.pid, child, said: () => tail.trim() };
  running.add(entry);
  child.once('exit', () => running.delete(entry));
  return entry;
}

/** Asks the program to end, waits for it, and after `graceMs` ends its whole tree by pid. */
export async function stop(target: Running, graceMs = 5000): Promise<void> {
  if (!running.has(target)) return;
  const ended = once(target.child, 'exit');
  const tree = processTree(target.pid);
  target.child.kill('SIGTERM');
  const timer = setTimeout(() => endTree(tree), graceMs);
  await ended;
  clearTimeout(timer);
}

/** Ends everything that is still running, at once: for the way out after an error or Ctrl-C. */
export function endAll(): void {
  for (const entry of running) endTree(processTree(entry.pid));
  running.clear();
}

function endTree(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // Already gone: that is what was wanted.
    }
  }
}
