import { hash } from 'node:crypto';
import type { Stats } from 'node:fs';
import { formatHttpDate } from '../../core/clock.ts';
import type { Validators } from '../../http/conditional.ts';

/**
 * A file changed this recently, in milliseconds, may change again without its time stamps showing it: the coarsest
 * file systems count in steps of two seconds.
 */
export const SETTLING_MS = 2000;

/** Files up to this size are read into memory when they are first asked for, and their tags made from their bytes. */
export const LARGEST_SMALL = 2 ** 20;

/** The stat fields that change when a file is written to, replaced or touched; ctime also when mtime is forged. */
export type FileVersion = Pick<Stats, 'dev' | 'ino' | 'size' | 'mtimeMs' | 'ctimeMs'>;

/** Whether two looks at a file saw the same version of the same file. */
export function isSameVersion(a: FileVersion, b: FileVersion): boolean {
  return (
    a.mtimeMs === b.mtimeMs &&
    a.size === b.size &&
    a.ino === b.ino &&
    a.ctimeMs === b.ctimeMs &&
    a.dev === b.dev
  );
}

/** Whether a file has more bytes than when it was looked at before, as a log has that is written to all the time. */
export function hasGrown(now: FileVersion, before: FileVersion): boolean {
  return now.ino === before.ino && now.dev === before.dev && now.size > before.size;
}

/** Whether equal stat fields are, from now on, to be taken for an equal file. */
export function isSettled({ ctimeMs }: FileVersion): boolean {
  return Date.now() - ctimeMs > SETTLING_MS;
}

/**
 * A small file's tag is a digest of its bytes, so it survives a new checkout, and differs where builds give every file
 * the same date. A large one's is made of size and time, weak as long as the time may hide a change (RFC 9110 §8.8.1).
 * Each coding has tags of its own (§8.8.3.3). `bytes`: those that are served.
 */
export function entityTag(
  bytes: Buffer | undefined,
  version: FileVersion,
  settled: boolean,
  coding?: string,
): string {
  const size = bytes?.length ?? version.size;
  if (bytes !== undefined && size <= LARGEST_SMALL)
    return digestTag(hash('sha256', bytes, 'base64url'), coding);
  const microseconds = Math.round(version.mtimeMs * 1000);
  return `${settled ? '' : 'W/'}"${size.toString(36)}-${microseconds.toString(36)}${suffixOf(coding)}"`;
}

/** What conditions are compared with, of a version with this tag that was last changed at `mtimeMs`. */
export function validatorsOf(etag: string, mtimeMs: number): Validators {
  const now = Date.now();
  // Never later than the answer itself (RFC 9110 §8.8.2.1).
  const lastModifiedSeconds = Math.floor(Math.min(mtimeMs, now) / 1000);
  const lastModified = formatHttpDate(lastModifiedSeconds * 1000);
  // Of a time to come, the date that is sent tells nothing: it is the present, whichever version it is.
  return { etag, lastModified, lastModifiedSeconds, isDateStrong: now - mtimeMs > SETTLING_MS };
}

/** The tag of a small file, given the SHA-256 of the bytes that are served, in base64url. */
export function digestTag(digest: string, coding?: string): string {
  return `"${digest.slice(0, 22)}${suffixOf(coding)}"`;
}

function suffixOf(coding: string | undefined): string {
  return coding === undefined ? '' : `-${coding}`;
}
