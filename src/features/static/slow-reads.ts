import { statfsSync } from 'node:fs';
import { monotonicNow } from '../../core/clock.ts';

/**
 * Where reading at once takes longer than this, in milliseconds, there are disks to wait for, and for a while other threads do
 * so. Once is not enough, and something must have been read from a device since: on a busy machine a thread may have had to stop.
 */
const SLOW_MS = 5;
const SLOW_FOR_MS = 250;
const SLOW_TIMES = 3;
const QUICK_TIMES = 16;
/** So long a wait is none for the processor, whatever is known of devices: other machines' disks are none of this one's. */
const LONG_MS = 20;
/** One as long as this says it alone. */
const DECISIVE_MS = 100;
/** For so many times as long as it took nothing is tried at once: that is the share of its time for which a thread may wait. */
const REST = 100;
const LONGEST_REST_MS = 300_000;

/** File systems that lie behind a network or another program, by the numbers of statfs(2): to wait for them may take for ever. */
const REMOTE = new Set([
  0x6969, // NFS
  0x517b, // SMB
  0xff534d42, // CIFS
  0xfe534d42, // SMB 2
  0x65735546, // FUSE
  0x01021997, // 9p
  0x00c36400, // Ceph
  0x5346414f, // AFS
  0x0bd00bd0, // Lustre
  0x01161970, // GFS2
  0x786f4256, // VirtualBox
]);

/**
 * Learns from how long it took to look at files and to read them at once whether the thread would wait for a disk. Asking
 * another thread costs ten times as much as what the system has in memory, where most of what is asked for is.
 */
export class SlowReads {
  /** How often it was slow lately; each that was quick takes a little of it. */
  #times = 0;
  /** What the process had read from devices when it was last slow. */
  #fsRead = process.resourceUsage().fsRead;
  /** Until when files are not read at once. */
  #until = -Infinity;

  /** `directories`: where they lie. */
  constructor(directories: readonly string[]) {
    if (directories.some(isRemote)) this.#until = Infinity;
  }

  /** Do it at once where that is quick, as a rule, else have other threads do it. */
  atOnce<T>(now: () => T, elsewhere: () => Promise<T>): T | Promise<T> {
    const startedAt = monotonicNow();
    if (this.areExpected(startedAt)) return elsewhere();
    const done = now();
    this.took(monotonicNow() - startedAt, startedAt);
    return done;
  }

  /** Whether others should read, at `now` (`monotonicNow`). */
  areExpected(now: number): boolean {
    return now < this.#until;
  }

  /** A file that was begun at `startedAt` took so many milliseconds. */
  took(ms: number, startedAt: number): void {
    if (ms <= SLOW_MS) {
      this.#times = Math.max(0, this.#times - 1 / QUICK_TIMES);
      return;
    }
    const { fsRead } = process.resourceUsage();
    const waited = fsRead > this.#fsRead || ms >= LONG_MS;
    this.#fsRead = fsRead;
    if (!waited) return;
    this.#times += ms >= DECISIVE_MS ? SLOW_TIMES : 1;
    if (this.#times >= SLOW_TIMES) {
      this.#times = SLOW_TIMES - 1;
      const rest = ms < LONG_MS ? SLOW_FOR_MS : Math.min(LONGEST_REST_MS, REST * ms);
      this.#until = startedAt + ms + rest;
    }
  }
}

function isRemote(directory: string): boolean {
  try {
    return REMOTE.has(statfsSync(directory).type);
  } catch {
    // Whoever opens it says why it cannot be.
    return false;
  }
}
