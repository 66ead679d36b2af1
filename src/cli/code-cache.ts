import { lstatSync, mkdirSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** Permission bits with which others than the owner may change what is in a directory. */
const WRITABLE_BY_OTHERS = 0o022;
const WRITABLE_BY_ALL = 0o002;
/** Entries of a directory belong to their owners, as in `/tmp`. */
const STICKY = 0o1000;

/**
 * Where compiled code is kept: a directory of this user's alone, in `$XDG_CACHE_HOME` or `~/.cache`. Node's own choice is one in the
 * system's temporary directory by a name that everybody knows, and it trusts what lies there: whoever made it first would have
 * his code run by whoever starts the server next, such as root. Undefined where there is no such directory, and none can be
 * made: then nothing is kept, and the start takes longer.
 */
export function codeCacheDirectory(): string | undefined {
  try {
    const { homedir, uid } = userInfo();
    const caches = process.env['XDG_CACHE_HOME'] || join(homedir, '.cache');
    if (!isAbsolute(caches)) return undefined;
    const directory = join(caches, 'dreamserver');
    for (const each of [caches, directory]) make(each);
    const found = lstatSync(directory);
    // Windows knows neither owners nor these bits, and a user's own directory is closed to others there.
    const isOwn =
      uid === -1 || (found.uid === uid && (found.mode & WRITABLE_BY_OTHERS) === 0 && stays(caches));
    return found.isDirectory() && isOwn ? directory : undefined;
  } catch {
    return undefined;
  }
}

/** Whether nobody else could put another directory in the place of one that lies in there. */
function stays(parent: string): boolean {
  const { mode } = statSync(parent);
  return (mode & WRITABLE_BY_ALL) === 0 || (mode & STICKY) !== 0;
}

function make(directory: string): void {
  try {
    mkdirSync(directory, 0o700);
  } catch {
    // It is there, or cannot be: a look at it tells.
  }
}
