import { Buffer } from 'node:buffer';
import { closeSync, constants, fstatSync, lstatSync, openSync } from 'node:fs';
import type { Stats } from 'node:fs';
import type { Validators } from '../../../http/conditional.ts';
import { entityTag, isSettled, LARGEST_SMALL, validatorsOf } from '../file-version.ts';
import { fillFrom } from '../read-file.ts';

/** A regular file that lies under a name. */
export interface CurrentFile {
  /** Its permissions. */
  readonly mode: number;
  /** Where they were asked for. */
  readonly validators: Validators | undefined;
}

/** O_NOFOLLOW, O_NONBLOCK: should a link or a FIFO have taken its place since it was looked at. */
const FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/**
 * What lies at `path` now, on the spot and without the memory of the thread: it decides about a write. For its validators
 * it is read. Throws the system's error.
 */
export function currentFile(path: string, validate: boolean): CurrentFile | 'absent' | 'no-file' {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return 'absent';
  if (!found.isFile()) return 'no-file';
  if (!validate) return { mode: found.mode & 0o777, validators: undefined };
  const fd = openSync(path, FLAGS);
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile()) return 'no-file';
    return { mode: stats.mode & 0o777, validators: openFileValidators(fd, stats) };
  } finally {
    closeSync(fd);
  }
}

/** What a GET would say of an open file. */
export function openFileValidators(fd: number, stats: Stats): Validators {
  const bytes = stats.size <= LARGEST_SMALL ? bytesOf(fd, stats.size) : undefined;
  return validatorsOf(entityTag(bytes, stats, isSettled(stats)), stats.mtimeMs);
}

function bytesOf(fd: number, size: number): Buffer {
  const bytes = Buffer.allocUnsafeSlow(size);
  return bytes.subarray(0, fillFrom(fd, bytes));
}
