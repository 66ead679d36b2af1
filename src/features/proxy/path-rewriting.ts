import type { RequestHead } from '../../http/head.ts';
import { normalisePath } from '../../http/target.ts';
import type { ProxyOptions } from './schema.ts';

/**
 * How paths differ on the two sides of the proxy. On the way in a prefix is taken off, what is left is rewritten, and
 * another prefix put before it; on the way back, in what an answer says of places, the prefixes change places again.
 */
export class PathRewriting {
  readonly #strip: string;
  readonly #add: string;
  readonly #regex: RegExp | undefined;
  readonly #to: string;
  /** Whether the two sides may differ at all. */
  readonly changes: boolean;

  constructor({
    stripPrefix = '',
    addPrefix = '',
    rewrite,
  }: Pick<ProxyOptions, 'stripPrefix' | 'addPrefix' | 'rewrite'>) {
    this.#strip = stripPrefix;
    this.#add = addPrefix;
    this.#regex = rewrite && new RegExp(rewrite.regex);
    this.#to = rewrite?.to ?? '';
    this.changes = stripPrefix !== '' || addPrefix !== '' || rewrite !== undefined;
  }

  /**
   * The path and query that the upstream is asked for; of CONNECT, the authority. Undefined where what was rewritten is
   * no path any more, or leads out of where it belongs.
   */
  target(request: RequestHead): string | undefined {
    if (request.form === 'authority') return request.authority;
    const { path, query } = request;
    if (!this.changes || !path.startsWith('/')) return path + query;
    const stripped = withoutPrefix(path, this.#strip) ?? path;
    if (this.#regex === undefined) return this.#add + stripped + query;
    const replaced = stripped.replace(this.#regex, this.#to);
    // A path has no question mark of its own: one that stands here is the configuration's.
    const mark = replaced.indexOf('?');
    const rewritten = mark === -1 ? replaced : replaced.slice(0, mark);
    // Pieces that were harmless apart may be dot segments together. Normal before the prefix: nothing climbs out of that.
    const normal = normalisePath(rewritten.startsWith('/') ? rewritten : `/${rewritten}`);
    if (normal === undefined) return undefined;
    return this.#add + normal + (mark === -1 ? query : joinQueries(replaced.slice(mark), query));
  }

  /** The path by which the client of this request gets to a path of the upstream; undefined where no path leads there. */
  clientPath(path: string, request: RequestHead): string | undefined {
    const inner = this.#add === '' ? path : withoutPrefix(path, this.#add);
    if (inner === undefined) return undefined;
    return withoutPrefix(request.path, this.#strip) === undefined ? inner : this.#strip + inner;
  }
}

/** What stands behind a prefix, whole segments only (`/api` is none of `/apiary`); undefined where it is not there. */
function withoutPrefix(path: string, prefix: string): string | undefined {
  if (!path.startsWith(prefix)) return undefined;
  const rest = path.slice(prefix.length);
  if (rest === '') return '/';
  return rest.startsWith('/') ? rest : undefined;
}

function joinQueries(first: string, second: string): string {
  if (second.length <= 1) return first;
  return first.length === 1 ? second : `${first}&${second.slice(1)}`;
}
