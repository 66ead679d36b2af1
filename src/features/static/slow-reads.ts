import { statfsSync } from 'node:fs';
import { monotonicNow } from '../../core/clock.ts';
import { LONG_MS, STALL_MS, Stalls } from '../../core/stalls.ts';

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
  readonly #stalls = new Stalls();
  /** What the process had read from devices when it was last slow. */
  #fsRead = process.resourceUsage().fsRead;
  readonly #isRemote: boolean;

  /** `directories`: where they lie. */
  constructor(directories: readonly string[]) {
    this.#isRemote = directories.some(isRemote);
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
    return this.#isRemote || this.#stalls.areExpected(now);
  }

  /** A file that was begun at `startedAt` took so many milliseconds. */
  took(ms: number, startedAt: number): void {
    if (ms <= STALL_MS || this.#hasRead(ms)) this.#stalls.took(ms, startedAt + ms);
  }

  /** Whether it was a disk: something has been read from a device since, or, where it is another machine's, it was too long for anything else. */
  #hasRead(ms: number): boolean {
    const { fsRead } = process.resourceUsage();
    const before = this.#fsRead;
    this.#fsRead = fsRead;
    return fsRead > before || ms >= LONG_MS;
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
