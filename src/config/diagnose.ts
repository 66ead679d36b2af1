import { codeFrame } from './code-frame.ts';
import { ConfigError } from './config-error.ts';
import { formatPath } from './config-path.ts';
import type { Mistake } from './mistakes.ts';
import type { YamlSource } from './yaml-source.ts';

/** Where a configuration comes from. */
export interface ConfigOrigin {
  /** What relative paths in it start at. */
  readonly directory: string;
  /** The file as the user knows it; undefined for a configuration that a program made. */
  readonly name?: string | undefined;
  /** The text, where there is one to point into. */
  readonly source?: YamlSource | undefined;
}

/** Every mistake, in the order of the text, each with its place and the lines around it. */
export function diagnose(mistakes: readonly Mistake[], origin: ConfigOrigin): ConfigError {
  const { source } = origin;
  const located = mistakes
    .map(({ path, at, message }) => ({ path, message, span: source?.locate({ path, at }) }))
    .toSorted((a, b) => position(a.span) - position(b.span));
  const report = located.map(({ path, message, span }) => {
    if (source === undefined || span === undefined) return told([origin.name, formatPath(path), message]);
    return `${origin.name}:${span.line}:${span.column}: ${message}\n${codeFrame(source.text, span)}\n`;
  });
  return new ConfigError(
    report.join('\n').trimEnd(),
    located.map(({ path, message, span }) => ({ path, message, line: span?.line, column: span?.column })),
  );
}

/** The same for a text that is not even YAML. */
export function diagnoseSyntax(source: YamlSource, name: string): ConfigError {
  const mistakes = source.syntaxMistakes.map(({ message, span }) => ({
    path: [],
    message,
    line: span.line,
    column: span.column,
    text: `${name}:${span.line}:${span.column}: ${message}\n${codeFrame(source.text, span)}`,
  }));
  return new ConfigError(
    mistakes.map(({ text }) => text).join('\n\n'),
    mistakes.map(({ text: _, ...mistake }) => mistake),
  );
}

/** A mistake in one line, with its place where that is in a file. */
export function oneLine(mistake: Mistake, { name, source }: ConfigOrigin): string {
  if (name === undefined) return mistake.message;
  const span = source?.locate(mistake);
  if (span === undefined) return told([name, formatPath(mistake.path), mistake.message]);
  return `${name}:${span.line}:${span.column}: ${mistake.message}`;
}

function told(parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined && part !== '').join(': ');
}

function position(span: { line: number; column: number } | undefined): number {
  return span === undefined ? 0 : span.line * 1e6 + span.column;
}
