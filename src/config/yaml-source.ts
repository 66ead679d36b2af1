import { isAlias, isCollection, isMap, isNode, LineCounter, parseDocument } from 'yaml';
import type { Alias, Document, Node, ParsedNode } from 'yaml';
import type { Mistake } from './mistakes.ts';
import { resolveAliases } from './yaml-aliases.ts';

/** A stretch of a source text; lines and columns count from 1. */
export interface Span {
  readonly line: number;
  readonly column: number;
  /** Characters, within the line. */
  readonly length: number;
}

/** Something that is wrong with the text itself. */
export interface SyntaxMistake {
  readonly span: Span;
  readonly message: string;
}

/** A configuration in YAML, or in JSON, which YAML contains; it knows where each value stands. */
export class YamlSource {
  readonly text: string;
  readonly syntaxMistakes: readonly SyntaxMistake[];
  readonly #document: Document.Parsed;
  readonly #lines = new LineCounter();
  /** What each alias stands for. */
  readonly #targets: ReadonlyMap<Alias, Node>;

  constructor(text: string) {
    this.text = text;
    this.#document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false, merge: true });
    const { targets, mistakes } = resolveAliases(this.#document);
    this.#targets = targets;
    const aliasMistakes = mistakes.map(({ alias, message }) => ({
      span: this.#spanOf(alias as ParsedNode),
      message,
    }));
    this.syntaxMistakes = [...this.#parseErrors(), ...aliasMistakes];
  }

  /**
   * What the text says, as plain data. Only of use without syntax mistakes.
   *
   * @throws Error when `<<` has something to merge that is no map
   */
  toValue(): unknown {
    // How much aliases repeat has been counted already.
    return this.#document.toJS({ maxAliasCount: -1 }) as unknown;
  }

  /** Where a mistake stands: at its key or value, or at the nearest thing around it that the text has. */
  locate({ path, at }: Pick<Mistake, 'path' | 'at'>): Span {
    let node: ParsedNode | null = this.#document.contents;
    let found = this.#spanOf(node);
    for (const [i, step] of path.entries()) {
      if (!isCollection(node)) break;
      const isLast = i === path.length - 1;
      const pair = isMap(node)
        ? node.items.find((item) => String(isNode(item.key) ? item.key : '') === String(step))
        : undefined;
      const next: unknown = pair === undefined ? node.get(step, true) : pair.value;
      if (pair !== undefined) found = this.#spanOf(pair.key);
      if (pair !== undefined && isLast && at === 'key') break;
      if (!isNode(next)) break;
      found = this.#spanOf(next as ParsedNode);
      node = (isAlias(next) ? (this.#targets.get(next) ?? null) : next) as ParsedNode | null;
    }
    return found;
  }

  #parseErrors(): SyntaxMistake[] {
    return this.#document.errors.map(({ pos, message }) => ({
      span: this.#span(pos[0], pos[1]),
      message: message.slice(0, 1).toLowerCase() + message.slice(1).trimEnd(),
    }));
  }

  #spanOf(node: ParsedNode | null): Span {
    if (node?.range === undefined || node.range === null) return { line: 1, column: 1, length: 1 };
    return this.#span(node.range[0], node.range[1]);
  }

  #span(start: number, end: number): Span {
    const { line, col } = this.#lines.linePos(start);
    const lineEnd = this.text.indexOf('\n', start);
    const last = Math.min(end, lineEnd === -1 ? this.text.length : lineEnd);
    return { line, column: col, length: Math.max(1, this.text.slice(start, last).trimEnd().length) };
  }
}
