import { readFileSync } from 'node:fs';
import { until } from './until.ts';

/** Resident set size of a process in bytes, from /proc (Linux only). */
export function residentBytes(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
  if (kilobytes === undefined) throw new Error(`no VmRSS for process ${pid}`);
  return Number(kilobytes) * 1024;
}

/** Watches a process's resident set size while something happens. */
export class MemoryWatch implements Disposable {
  readonly start: number;
  #pid: number;
  #peak: number;
  #timer: NodeJS.Timeout;

  constructor(pid: number) {
    this.#pid = pid;
    this.start = residentBytes(pid);
    this.#peak = this.start;
    this.#timer = setInterval(() => this.#look(), 25);
  }

  /** The most that it has grown since the start, in bytes. */
  get growth(): number {
    this.#look();
    return this.#peak - this.start;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    this.#peak = Math.max(this.#peak, residentBytes(this.#pid));
  }
}

/** CPU time that a process has used so far, in clock ticks. */
function cpuTicks(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const afterName = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(afterName[11]) + Number(afterName[12]);
}

/** Waits until a process has come to rest: it has used less than 2 % of one core for a second. */
export async function untilAtRest(pid: number, what: string): Promise<void> {
  const windows: number[] = [];
  await until(
    () => {
      windows.push(cpuTicks(pid));
      const last = windows.slice(-11);
      return last.length === 11 && last[10] - last[0] <= 2;
    },
    { what: `${what} is at rest`, every: 100, within: 30_000 },
  );
}
