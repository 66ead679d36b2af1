import type { ConfigPath } from './config-path.ts';

/** A mistake as a program reads it. */
export interface ConfigMistake {
  readonly path: ConfigPath;
  readonly message: string;
  /** Where it stands, counted from 1; undefined for a configuration that is no text. */
  readonly line: number | undefined;
  readonly column: number | undefined;
}

/** A configuration that cannot be used. The message is the whole report, for people: it has several lines. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly mistakes: readonly ConfigMistake[];

  constructor(report: string, mistakes: readonly ConfigMistake[]) {
    super(report);
    this.mistakes = mistakes;
  }
}

/** A server that cannot start although its configuration makes sense: the message is one line that says why. */
export class StartError extends Error {
  override readonly name = 'StartError';
}
