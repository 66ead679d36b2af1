import { monotonicNow } from '../../core/clock.ts';
import type { ErrorCode } from '../../core/errors.ts';
import { flat } from '../../core/latin1.ts';
import { SingleFlight } from '../../core/single-flight.ts';
import type { CachedFile } from './cached-file.ts';
import { type FilePath, filePathOf } from './file-path.ts';
import type { FileStore } from './file-store.ts';
import type { StaticOptions } from './schema.ts';
import type { Attempt } from './try-list.ts';

/** Another path is the right one for what was asked for. */
export interface Redirect {
  /** In the spelling of the request, without a query. */
  readonly to: string;
}

/** What a path was found to stand for: a file, one that has another path, a directory without an index, or nothing. */
export type Found = CachedFile | Redirect | 'no-index' | 'absent' | ErrorCode;

/** What is known on the way through a list of attempts. */
interface Search {
  readonly path: string;
  /** The path, decoded. */
  readonly name: string;
  /** Names of which there was no file, and of directories (with a slash at the end) that were none. */
  readonly passedOver: string[];
  /** What there is of the name, once somebody has looked. */
  kind: 'directory' | 'absent' | undefined;
}

const HTML = '.html';

/** Under which the page of an application is kept: no request's path is like it. */
export const FALLBACK = 'fallback';

/** Finds what the paths of requests stand for in a root: files, the index files of directories, the page of an application. */
export class Lookup {
  readonly #options: StaticOptions;
  readonly #files: FileStore;
  /** Many requests for one file read it once. */
  readonly #searches = new SingleFlight<Found>();
  /** What stands behind the path of a file, and of a directory, in the name that is looked for first; undefined: it depends. */
  readonly #fileBegins: string | undefined;
  readonly #directoryBegins: string | undefined;
  /** Name of the file that answers for whatever is not found; undefined when there is none. */
  readonly #fallback: string | undefined;

  constructor(options: StaticOptions, files: FileStore) {
    this.#options = options;
    this.#files = files;
    const [first] = options.try;
    this.#fileBegins = first?.ofPath === true && first.rest !== '/' ? first.rest : undefined;
    const ofDirectory = options.try.find(({ ofPath, rest }) => !ofPath || rest.startsWith('/'));
    this.#directoryBegins =
      ofDirectory?.ofPath === true && ofDirectory.rest === '/' ? options.index[0] : undefined;
    this.#fallback = options.spa ? `/${options.index[0] ?? 'index.html'}` : undefined;
  }

  /** What a path stands for, on the disk; what is in memory under it is known already to be of no use. */
  find(path: string): Promise<Found> {
    // Off the wire it may be a slice, which would hold on to a query.
    return this.#searches.join(path, () => this.#find(flat(path)));
  }

  /** The file that a path stands for, if what any thread has of it in memory is known to be current at `now`. */
  kept(path: string, now: number): CachedFile | undefined {
    const { cleanUrls } = this.#options;
    const { name, refused } = this.nameOf(path);
    if (refused !== undefined) return undefined;
    const rest = name.endsWith('/') ? this.#directoryBegins : this.#fileBegins;
    // Of a page by its full name it is not known here whether it is redirected.
    if (rest === undefined || (cleanUrls && name.endsWith(HTML))) return undefined;
    return this.#files.kept(path, name + rest, now);
  }

  /** The file that answers for a page that was not found. */
  async fallback(): Promise<Found> {
    if (this.#fallback === undefined) return 'absent';
    const known = this.#files.cached(FALLBACK, monotonicNow());
    const found = known ?? (await this.#files.load(FALLBACK, this.#fallback));
    return found === 'directory' ? 'absent' : found;
  }

  /** What a path names below the root. */
  nameOf(path: string): FilePath {
    const { stripPrefix, dotfiles } = this.#options;
    return filePathOf(stripPrefix === undefined ? path : withoutPrefix(path, stripPrefix), dotfiles);
  }

  async #find(path: string): Promise<Found> {
    const { stripPrefix, cleanUrls, try: attempts } = this.#options;
    if (path === stripPrefix) return { to: `${path}/` };
    const { name, refused } = this.nameOf(path);
    if (refused !== undefined) return refused;
    const elsewhere = cleanUrls ? await this.#cleanForm(path, name) : undefined;
    if (elsewhere !== undefined) return elsewhere;

    const search: Search = { path, name, passedOver: [], kind: undefined };
    let found: Found = 'absent';
    for (const attempt of attempts) {
      const here = await this.#attempt(search, attempt);
      if (here === 'no-index') found = here;
      else if (here !== 'absent') return here;
    }
    return (cleanUrls ? await this.#pageBeside(path, name) : undefined) ?? found;
  }

  async #attempt(search: Search, { ofPath, rest }: Attempt): Promise<Found> {
    const { path, name, passedOver } = search;
    if (!ofPath) {
      passedOver.push(rest);
      return this.#named(rest);
    }
    const namesDirectory = name.endsWith('/');
    if (rest === '/') {
      if (namesDirectory) return this.#findIndex(search);
      return this.#slashMissing(search);
    }
    // What ends in a slash names a directory, and no file but what lies in there.
    if (namesDirectory && !rest.startsWith('/')) return 'absent';
    const file = (namesDirectory ? name.slice(0, -1) : name) + rest;
    const found = await this.#files.load(path, file, passedOver);
    if (rest === '') search.kind = found === 'directory' ? found : 'absent';
    passedOver.push(file);
    return found === 'directory' ? 'absent' : found;
  }

  /** A file that the configuration names. It is kept once, and not for each path that comes to it. */
  async #named(name: string): Promise<Found> {
    const key = `named ${name}`;
    const found = this.#files.cached(key, monotonicNow()) ?? (await this.#files.load(key, name));
    return found === 'directory' ? 'absent' : found;
  }

  async #slashMissing({ path, name, kind, passedOver }: Search): Promise<Found> {
    const found = kind ?? (await this.#files.kindOf(name));
    if (found === 'directory') return { to: `${path}/` };
    passedOver.push(`${name}/`);
    return found === 'file' ? 'absent' : found;
  }

  /** The first index file of a directory. */
  async #findIndex({ path, name: directory, passedOver }: Search): Promise<Found> {
    for (const index of this.#options.index) {
      const found = await this.#files.load(path, directory + index, passedOver);
      if (found !== 'absent' && found !== 'directory') return found;
      passedOver.push(directory + index);
    }
    const found = await this.#files.kindOf(directory);
    if (found === 'directory') return 'no-index';
    return found === 'file' ? 'absent' : found;
  }

  /**
   * Where a page is to be asked for that is there under this very name: `/docs/` for `/docs/index.html` and `/docs/index`,
   * `/about` for `/about.html`. Never where another file would be found, so that there is no way round in circles.
   */
  async #cleanForm(path: string, name: string): Promise<Redirect | undefined> {
    if (name.endsWith('/')) return undefined;
    const [index] = this.#options.index;
    const slash = name.lastIndexOf('/');
    const last = name.slice(slash + 1);
    if (index !== undefined && (last === index || last + HTML === index)) {
      if ((await this.#files.kindOf(name.slice(0, slash + 1) + index)) !== 'file') return undefined;
      const isTaken = last !== index && (await this.#files.kindOf(name)) === 'file';
      return isTaken ? undefined : { to: path.slice(0, path.lastIndexOf('/') + 1) };
    }
    if (last === HTML || !path.endsWith(HTML)) return undefined;
    if ((await this.#files.kindOf(name)) !== 'file') return undefined;
    const isTaken = (await this.#files.kindOf(name.slice(0, -HTML.length))) === 'file';
    return isTaken ? undefined : { to: path.slice(0, -HTML.length) };
  }

  /** The page that a path means whose slash is one too many. */
  async #pageBeside(path: string, name: string): Promise<Redirect | undefined> {
    if (name === '/' || !name.endsWith('/')) return undefined;
    const page = name.slice(0, -1);
    if ((await this.#files.kindOf(page + HTML)) !== 'file') return undefined;
    const to = path.replace(/\/+$/, '');
    return (await this.#cleanForm(to, page)) ?? { to };
  }
}

/** What of a path lies below a prefix; the path itself when it does not begin with it. */
export function withoutPrefix(path: string, prefix: string): string {
  const isBelow = path.startsWith(prefix) && (path.length === prefix.length || path[prefix.length] === '/');
  return isBelow ? path.slice(prefix.length) : path;
}
