import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { tally, type FileEvent, type FileTally } from './tally.ts';

export interface FileReport extends FileTally {
  readonly path: string;
  readonly milliseconds: number;
  /** The end of what the file wrote to stdout and stderr. */
  readonly output: string;
  /** Whether processes that the file had started outlived it; they were ended. */
  readonly leftProcesses: boolean;
}

export interface FileRun {
  readonly root: string;
  readonly path: string;
  /** Where the file's events may be written. */
  readonly scratch: string;
  /** After so many milliseconds the file and all that it started is killed and counted as failed. */
  readonly limit: number;
  readonly strict: boolean;
}

const reporter = new URL('./reporter.ts', import.meta.url).href;
const outputKept = 64 * 1024;
const groups = new Set<number>();

/** Runs one test file in a process group of its own. Never throws for what the file does. */
export async function runFile(run: FileRun): Promise<FileReport> {
  const eventsPath = join(run.scratch, `${run.path.replaceAll(/[^\w.-]/g, '_')}.events`);
  const begin = performance.now();
  const env: NodeJS.ProcessEnv = { ...process.env, DREAMSERVER_TEST_EVENTS: eventsPath };
  delete env['NODE_TEST_CONTEXT'];
  const child = spawn(
    process.execPath,
    [`--test-reporter=${reporter}`, '--test-reporter-destination=stdout', join(run.root, run.path)],
    { cwd: run.root, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const group = child.pid ?? 0;
  groups.add(group);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-outputKept);
    });
  }
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    endGroup(group);
  }, run.limit);
  // 'exit' and not 'close': a process left behind may hold the pipes open
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  clearTimeout(timer);
  const leftProcesses = !(await groupIsGone(group));
  if (leftProcesses) endGroup(group);
  groups.delete(group);

  const counted = tally(readEvents(eventsPath), run.strict);
  const fail = (detail: string): void => void counted.failures.push({ name: 'the file itself', detail });
  if (timedOut) {
    const running = counted.unfinished.length === 0 ? '' : ` while running ${counted.unfinished.join(', ')}`;
    fail(`did not end within ${run.limit / 1000} s${running}`);
  } else if (signal !== null) {
    fail(`ended by ${signal}`);
  } else if (!counted.ended) {
    fail(`the process ended with code ${code} before its tests did`);
  } else if (code !== 0 && counted.failures.length === 0) {
    fail([`exit code ${code}, though no test failed`, ...counted.complaints].join('\n'));
  } else if (counted.passed + counted.failures.length + counted.skips.length === 0) {
    fail('holds no test');
  }
  return {
    ...counted,
    path: run.path,
    milliseconds: performance.now() - begin,
    output: output.trimEnd(),
    leftProcesses,
  };
}

/** Kills every test file that is running, and what they started. */
export function endAll(): void {
  for (const group of groups) endGroup(group);
}

function readEvents(path: string): FileEvent[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n');
  lines.pop(); // empty, or cut short by the end of the process
  return lines.map((line) => JSON.parse(line) as FileEvent);
}

/** Children such as a browser's helpers may outlive their parent by a moment. */
async function groupIsGone(group: number): Promise<boolean> {
  for (let tries = 0; tries < 40; tries++) {
    if (!signalGroup(group, 0) || hasEnded(group)) return true;
    await delay(50);
  }
  return false;
}

/** Whether all of a group have ended and are only waiting to be asked after: init may take seconds to do so for an orphan. */
function hasEnded(group: number): boolean {
  if (process.platform !== 'linux') return false;
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .every((pid) => {
      const [state, , itsGroup] = processFields(pid);
      return Number(itsGroup) !== group || state === 'Z';
    });
}

/** What /proc says of a process from its state on: state, parent, group, …; nothing where it is gone by now. */
function processFields(pid: string): string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name before the state may hold anything, brackets too.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
}

function endGroup(group: number): void {
  signalGroup(group, 'SIGKILL');
}

function signalGroup(group: number, signal: NodeJS.Signals | 0): boolean {
  if (group === 0) return false;
  try {
    process.kill(-group, signal);
    return true;
  } catch {
    return false;
  }
}
