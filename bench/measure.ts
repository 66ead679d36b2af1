/**
 * What Linux knows of a running program: its processes, the CPU time of all their threads, its memory.
 *
 * CPU time is `sum_exec_runtime` of every thread, from /proc/PID/task/TID/schedstat, in nanoseconds: user and system
 * time together, with the softirq work done in the thread's context (loopback delivery), unless the kernel was built
 * with IRQ_TIME_ACCOUNTING. Where schedstat is missing, utime + stime of /proc/PID/stat in clock ticks of 10 ms.
 */
import { readFileSync, readdirSync } from 'node:fs';

const TICK_NS = 10_000_000;

/** The process and all its descendants. */
export function processTree(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    const parent = Number(statFields(pid)?.[1] ?? 0);
    children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const tree = [root];
  for (const pid of tree) tree.push(...(children.get(pid) ?? []));
  return tree;
}

/** CPU time so far: of each thread in nanoseconds, and of the processes (ended threads included) in ticks. */
export interface CpuReading {
  threads: Map<number, number>;
  ticks: number;
}

export function readCpu(pids: readonly number[]): CpuReading {
  const threads = new Map<number, number>();
  let ticks = 0;
  for (const pid of pids) {
    const stat = statFields(pid);
    if (stat === null) continue;
    ticks += Number(stat[11]) + Number(stat[12]);
    for (const tid of readdirSync(`/proc/${pid}/task`)) {
      const schedstat = read(`/proc/${pid}/task/${tid}/schedstat`);
      if (schedstat !== null) threads.set(Number(tid), Number(schedstat.split(' ')[0]));
    }
  }
  return { threads, ticks };
}

/** Nanoseconds of CPU between two readings. A thread that ended meanwhile took its figure along: ticks are used then. */
export function cpuBetween(before: CpuReading, after: CpuReading): number {
  let ns = 0;
  let whole = after.threads.size > 0;
  for (const tid of before.threads.keys()) if (!after.threads.has(tid)) whole = false;
  for (const [tid, now] of after.threads) ns += now - (before.threads.get(tid) ?? 0);
  return whole ? ns : (after.ticks - before.ticks) * TICK_NS;
}

/** Resident memory of the processes together, in bytes. */
export function residentBytes(pids: readonly number[]): number {
  let kib = 0;
  for (const pid of pids)
    kib += Number(/^VmRSS:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`) ?? '')?.[1] ?? 0);
  return kib * 1024;
}

/** Nanoseconds that a core has been busy with anything since boot (resolution 10 ms). */
export function coreBusyNs(core: number): number {
  const line = new RegExp(`^cpu${core} (.*)$`, 'm').exec(read('/proc/stat') ?? '')?.[1] ?? '';
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = line.split(' ').map(Number);
  return (user + nice + system + irq + softirq) * TICK_NS;
}

/** Fields of /proc/PID/stat from the third (state) on: the name before them may hold spaces and brackets. */
function statFields(pid: number): string[] | null {
  const stat = read(`/proc/${pid}/stat`);
  return stat === null ? null : stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return null;
  }
}
