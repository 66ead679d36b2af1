import type { PathPattern } from './pattern.ts';

interface Node<T> {
  /** By the next segment; undefined in a leaf. */
  children: Map<string, Node<T>> | undefined;
  /** What takes exactly this path. */
  exact: T | undefined;
  /** What takes this path and everything below it. */
  below: T | undefined;
}

/**
 * Finds the most specific of many path patterns in one walk along the path, however many patterns there are:
 *
 *     /health, /api/*, /api/admin/*, /*
 *
 *     ○ below: /*
 *     ├─ health  ○ exact: /health
 *     └─ api     ○ below: /api/*
 *        └─ admin  ○ below: /api/admin/*
 *
 * The walk ends where no child fits; the last `below` it saw is the answer, unless it came to the path's end and there
 * is an `exact`.
 */
export class PathTree<T> {
  readonly #root: Node<T> = { children: undefined, exact: undefined, below: undefined };

  /** Add a pattern. The first one of several equal ones stays. */
  add({ path, prefix }: PathPattern, value: T): void {
    let node = this.#root;
    // '' is the root; '/a/b' has the segments a and b; '/a/' has the segments a and ''.
    if (path !== '') {
      for (const segment of path.slice(1).split('/')) {
        node.children ??= new Map();
        let child = node.children.get(segment);
        if (child === undefined) {
          child = { children: undefined, exact: undefined, below: undefined };
          node.children.set(segment, child);
        }
        node = child;
      }
    }
    if (prefix) node.below ??= value;
    else node.exact ??= value;
  }

  /** The value of the most specific pattern that matches. Only `*` patterns from the root match what is no path (`*`). */
  find(path: string): T | undefined {
    let { below: found, children } = this.#root;
    if (children === undefined || path.charCodeAt(0) !== SLASH) return found;
    for (let start = 1; ;) {
      const slash = path.indexOf('/', start);
      const child: Node<T> | undefined = children.get(
        slash === -1 ? path.slice(start) : path.slice(start, slash),
      );
      if (child === undefined) return found;
      if (child.below !== undefined) found = child.below;
      if (slash === -1) return child.exact ?? found;
      if (child.children === undefined) return found;
      children = child.children;
      start = slash + 1;
    }
  }
}

const SLASH = 0x2f;
