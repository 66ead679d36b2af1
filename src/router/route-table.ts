import { parseHostPattern, parsePathPattern, splitAuthority } from './pattern.ts';
import { PathTree } from './path-tree.ts';

/** One route to compile; a pattern that is missing matches everything. */
export interface RouteEntry<T> {
  readonly host?: string | undefined;
  readonly path?: string | undefined;
  readonly value: T;
}

/** A compiled route, as `find` returns it: the same object for every request. */
export interface Match<T> {
  readonly value: T;
  /** Place in the list that was compiled, from 0. */
  readonly index: number;
  /** The host pattern in its one spelling; `*` is any. */
  readonly host: string;
  /** The path pattern in its one spelling; `/*` is any. */
  readonly path: string;
  /** What the `*` of the path pattern stands for in a path that matched; empty without `*`. */
  rest(path: string): string;
}

/**
 * Compiles routes into a table that finds the one for a request.
 *
 * Hosts: `example.com` (any port), `example.com:8080` (that port), `*.example.com` (every name below it, not itself),
 * none or `*` (any). Paths: `/health` (that path alone), `/api/*` (`/api`, `/api/` and everything below), none or `/*`
 * (all). The most specific host wins, then the most specific path, then the order of the list. When no path of the
 * most specific host matches, the routes of the next less specific host are asked.
 *
 * @throws PatternError
 */
export function compileRoutes<T>(entries: readonly RouteEntry<T>[]): RouteTable<T> {
  return new RouteTable(entries.map((entry, index) => new CompiledRoute(entry, index)));
}

class CompiledRoute<T> implements Match<T> {
  readonly value: T;
  readonly index: number;
  readonly host: string;
  readonly path: string;
  readonly #restStart: number;

  constructor(entry: RouteEntry<T>, index: number) {
    const pattern = parsePathPattern(entry.path ?? '/*');
    this.value = entry.value;
    this.index = index;
    this.host = parseHostPattern(entry.host ?? '*');
    this.path = pattern.prefix ? `${pattern.path}/*` : pattern.path;
    this.#restStart = pattern.prefix ? pattern.path.length + 1 : Infinity;
  }

  rest(path: string): string {
    return path.slice(this.#restStart);
  }
}

/** How many authorities' answers are kept. Beyond it all are forgotten: clients can invent authorities without end. */
const REMEMBERED_AUTHORITIES = 1024;
/** No DNS name is longer (RFC 1035 §2.3.4), so a longer one needs no search for wildcards. */
const LONGEST_NAME = 255;

/** See `compileRoutes`. */
export class RouteTable<T> {
  /** Every route, in the order of the list. */
  readonly routes: readonly Match<T>[];
  readonly #hosts = new Map<string, PathTree<Match<T>>>();
  /** Where no route names a host: the one tree there is. */
  readonly #only: PathTree<Match<T>> | undefined;
  readonly #trees = new Map<string, readonly PathTree<Match<T>>[]>();
  /** What was asked for last, and found: mostly the same comes again. */
  #lastAuthority = '';
  #lastPath = '';
  #last: Match<T> | undefined;

  constructor(routes: readonly Match<T>[]) {
    this.routes = routes;
    for (const route of routes) {
      let tree = this.#hosts.get(route.host);
      if (tree === undefined) {
        tree = new PathTree();
        this.#hosts.set(route.host, tree);
      }
      tree.add(parsePathPattern(route.path), route);
    }
    this.#only = this.#hosts.size === 1 ? this.#hosts.get('*') : undefined;
    this.#last = this.#find('', '');
  }

  /**
   * The route for a request: `authority` as in the Host field (a missing port counts as 80), `path` normalised and
   * without a query. Undefined when no route takes it.
   */
  find(authority: string, path: string): Match<T> | undefined {
    if (path === this.#lastPath && authority === this.#lastAuthority) return this.#last;
    this.#lastPath = path;
    this.#lastAuthority = authority;
    this.#last = this.#find(authority, path);
    return this.#last;
  }

  #find(authority: string, path: string): Match<T> | undefined {
    if (this.#only !== undefined) return this.#only.find(path);
    const trees = this.#trees.get(authority) ?? this.#remember(authority);
    for (let i = 0; i < trees.length; i++) {
      const route = trees[i].find(path);
      if (route !== undefined) return route;
    }
    return undefined;
  }

  #remember(authority: string): readonly PathTree<Match<T>>[] {
    const trees: PathTree<Match<T>>[] = [];
    for (const pattern of hostPatterns(authority)) {
      const tree = this.#hosts.get(pattern);
      if (tree !== undefined) trees.push(tree);
    }
    if (this.#trees.size >= REMEMBERED_AUTHORITIES) this.#trees.clear();
    this.#trees.set(authority, trees);
    return trees;
  }
}

/** Every host pattern that takes an authority, the most specific first. */
function* hostPatterns(authority: string): Generator<string> {
  const split = splitAuthority(authority.toLowerCase());
  const name = split.name.endsWith('.') ? split.name.slice(0, -1) : split.name;
  const port = split.port === '' ? '80' : split.port;
  if (name.length <= LONGEST_NAME) {
    yield `${name}:${port}`;
    yield name;
    for (let dot = name.indexOf('.'); dot !== -1; dot = name.indexOf('.', dot + 1)) {
      const parent = name.slice(dot + 1);
      yield `*.${parent}:${port}`;
      yield `*.${parent}`;
    }
  }
  yield `*:${port}`;
  yield '*';
}
