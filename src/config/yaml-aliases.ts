import { isAlias, isCollection, isNode, isPair } from 'yaml';
import type { Alias, Document, Node } from 'yaml';

/**
 * Values that all aliases of a text may stand for. Enough for ten thousand routes that share a hundred of them, and checked
 * within seconds; a few lines of aliases of aliases would otherwise fill the memory.
 */
const MOST_VALUES = 1_000_000;

/** What the aliases of a text (`*name`) are. */
interface Aliases {
  /** The node that each stands for. */
  readonly targets: ReadonlyMap<Alias, Node>;
  /** Those that stand for nothing, or for too much. */
  readonly mistakes: readonly { readonly alias: Alias; readonly message: string }[];
}

/** A node that has a name (`&name`). */
interface Anchored {
  readonly node: Node;
  /** How many values it has, with those of the aliases in it; undefined as long as we are inside of it. */
  values: number | undefined;
}

/**
 * Finds out what aliases stand for, and how much. The parser's own limit, `maxAliasCount`, multiplies how often an anchor is
 * used anywhere with how often one within it is used anywhere, so that it would refuse what is used often and harmless.
 */
export function resolveAliases(document: Document.Parsed): Aliases {
  const anchors = new Map<string, Anchored>();
  const targets = new Map<Alias, Node>();
  const mistakes: { alias: Alias; message: string }[] = [];
  let repeated = 0;

  /** Returns how many values a node stands for. */
  function walk(node: unknown): number {
    if (isAlias(node)) return follow(node);
    if (isPair(node)) return walk(node.key) + walk(node.value);
    if (!isNode(node)) return 0;
    const anchored: Anchored = { node, values: undefined };
    if ('anchor' in node && node.anchor !== undefined) anchors.set(node.anchor, anchored);
    let values = 1;
    if (isCollection(node)) for (const item of node.items) values += walk(item);
    anchored.values = values;
    return values;
  }

  function follow(alias: Alias): number {
    const target = anchors.get(alias.source);
    const problem = problemOf(alias, target);
    if (problem !== undefined) mistakes.push({ alias, message: problem });
    if (target?.values === undefined) return 0;
    targets.set(alias, target.node);
    return target.values;
  }

  function problemOf({ source }: Alias, target: Anchored | undefined): string | undefined {
    if (target === undefined) {
      return `there is no \`&${source}\` before this \`*${source}\`; text that begins with \`*\` stands in quotes: \`"*${source}"\``;
    }
    if (target.values === undefined) return `\`*${source}\` stands within the \`&${source}\` that it repeats`;
    const before = repeated;
    repeated += target.values;
    // Once is enough: after the first that is too much, all are.
    if (before > MOST_VALUES || repeated <= MOST_VALUES) return undefined;
    return `with this \`*${source}\`, the aliases here repeat more than ${MOST_VALUES.toLocaleString('en')} values`;
  }

  walk(document.contents);
  return { targets, mistakes };
}
