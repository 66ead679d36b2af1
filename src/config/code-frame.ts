import type { Span } from './yaml-source.ts';

/** Lines shown before the one that is meant. */
const CONTEXT = 2;

/**
 * The lines around a place in a text, the place underlined:
 *
 *       3 | routes:
 *     > 4 |   - fles: ./public
 *         |     ^^^^
 */
export function codeFrame(text: string, { line, column, length }: Span): string {
  const lines = text.split(/\r?\n/);
  const first = Math.max(1, line - CONTEXT);
  const width = String(line).length;
  const shown = lines.slice(first - 1, line).map((content, i) => {
    const number = first + i;
    const mark = number === line ? '>' : ' ';
    return `${mark} ${String(number).padStart(width)} | ${content}`.trimEnd();
  });
  // Tabs stay tabs, so that the marks stand under what they mean.
  const before = (lines[line - 1] ?? '').slice(0, column - 1).replaceAll(/[^\t]/g, ' ');
  return [...shown, `  ${' '.repeat(width)} | ${before}${'^'.repeat(length)}`].join('\n');
}
