import { createHash, type Hash } from 'node:crypto';
import { type Stats, closeSync, fstatSync, openSync, read, readSync, statSync } from 'node:fs';
import { promisify } from 'node:util';
import { type FileVersion, hasGrown, isSameVersion } from './file-version.ts';
import { readBuffers } from './read-buffers.ts';
import { OPEN_FLAGS, type OpenFile, unreadable } from './site-root.ts';

const readAsync = promisify(read);

/** What became of reading a file whole. `grown`: all bytes are here, but behind them there are more by now. */
export type Reading = 'read' | 'grown' | 'changed';

/**
 * Fill `bytes` with the beginning of a file, which is closed. All of it is of the version that `stats` saw, or it has changed.
 *
 * @throws DreamError `static.unreadable`
 */
export async function readWhole({ fd, stats }: OpenFile, bytes: Buffer): Promise<Reading> {
  try {
    for (let filled = 0; filled < bytes.length;) {
      const { bytesRead } = await readAsync(fd, bytes, filled, bytes.length - filled, filled);
      if (bytesRead === 0) return 'changed';
      filled += bytesRead;
    }
    return comparedWith(stats, fd);
  } catch (error) {
    throw unreadable(error);
  } finally {
    closeSync(fd);
  }
}

/** The same at once. */
export function readWholeNow({ fd, stats }: OpenFile, bytes: Buffer): Reading {
  try {
    return fillFrom(fd, bytes) < bytes.length ? 'changed' : comparedWith(stats, fd);
  } catch (error) {
    throw unreadable(error);
  } finally {
    closeSync(fd);
  }
}

function comparedWith(stats: FileVersion, fd: number): Reading {
  const seen = fstatSync(fd);
  if (isSameVersion(seen, stats) || isLastOf(seen, stats)) return 'read';
  return hasGrown(seen, stats) ? 'grown' : 'changed';
}

/**
 * The SHA-256 of a file, which is closed: for one whose bytes are not kept. They are read in steps, so that many at a time
 * need no more memory than streams do. `mayGrow`: of what has grown meanwhile, that of the bytes that were there at first.
 *
 * @throws DreamError `static.unreadable`
 */
export async function readDigest({ fd, stats }: OpenFile, mayGrow: boolean): Promise<Hash | 'changed'> {
  const hash = createHash('sha256');
  try {
    for (let position = 0; position < stats.size;) {
      const buffer = readBuffers.take(stats.size - position);
      const length = Math.min(buffer.length, stats.size - position);
      try {
        const { bytesRead } = await readAsync(fd, buffer, 0, length, position);
        if (bytesRead === 0) return 'changed';
        hash.update(buffer.subarray(0, bytesRead));
        position += bytesRead;
      } finally {
        readBuffers.release(buffer);
      }
    }
    const reading = comparedWith(stats, fd);
    return reading === 'read' || (mayGrow && reading === 'grown') ? hash : 'changed';
  } catch (error) {
    throw unreadable(error);
  } finally {
    closeSync(fd);
  }
}

/**
 * The same as `readWhole` at once, of a version that has been seen there a moment ago. That moment was the time to look what is
 * opened, since to open a device can have effects. A look behind the last byte is enough to tell whether they are all of
 * that version: what has been written to since then has other dates. `start`: where those begin that are wanted. What
 * cannot be read counts as changed: the lookup that follows says what it is.
 */
export function readAgain(path: string, version: FileVersion, bytes: Buffer, start = 0): Reading {
  let fd = -1;
  try {
    fd = openSync(path, OPEN_FLAGS);
    if (fillFrom(fd, bytes, start) < bytes.length) return 'changed';
    return comparedWith(version, fd) === 'read' ? 'read' : 'changed';
  } catch {
    return 'changed';
  } finally {
    if (fd !== -1) closeSync(fd);
  }
}

/** Whether reading has filled a room for the bytes, which is given up otherwise, also where that throws. */
export async function isFilled(
  room: { giveUp(): void } | undefined,
  read: () => Reading | Promise<Reading>,
  mayGrow = false,
): Promise<boolean> {
  let filled = false;
  try {
    const reading = await read();
    filled = reading === 'read' || (mayGrow && reading === 'grown');
    return filled;
  } finally {
    if (!filled) room?.giveUp();
  }
}

/** Fill `bytes` with those of an open file from `start` on, at once. Answers how many there were. Throws the system's error. */
export function fillFrom(fd: number, bytes: Buffer, start = 0): number {
  let filled = 0;
  while (filled < bytes.length) {
    const bytesRead = readSync(fd, bytes, filled, bytes.length - filled, start + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return filled;
}

/**
 * Another file has taken its name, or nothing: that it has none any more changes its ctime, and is all that has changed. To write
 * to it would change its mtime too.
 */
function isLastOf(seen: Stats, version: FileVersion): boolean {
  return seen.nlink === 0 && isSameVersion({ ...version, ctimeMs: seen.ctimeMs }, seen);
}

const QUIETLY = { throwIfNoEntry: false } as const;

/**
 * What lies at a path; undefined when that cannot be said. On the path and not in another thread, where it would cost
 * ten times as much: the entry of a file that is asked for is in the system's memory, so there is nothing to wait for.
 */
export function look(path: string): FileVersion | undefined {
  try {
    return statSync(path, QUIETLY);
  } catch {
    // Whatever it is, the lookup that follows says it.
    return undefined;
  }
}
