import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { kindOf, type Input } from './input.ts';
import { seedOf } from './pieces.ts';

export const corpusFolder = join(import.meta.dirname, 'corpus');
export const findingsFolder = join(import.meta.dirname, 'findings');

/** An input with the name of its file. */
export interface CorpusEntry extends Input {
  readonly name: string;
}

/** The inputs that are kept in the repository, by name. */
export function readCorpus(): CorpusEntry[] {
  return readdirSync(corpusFolder)
    .filter((name) => name.endsWith('.http'))
    .toSorted()
    .map((name) => ({ name, kind: kindOf(name), bytes: readFileSync(join(corpusFolder, name)) }));
}

/** Writes an input into a folder under a name that is its own, and answers the path. */
export function keepInput(folder: string, { kind, bytes }: Input): string {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${kind}-${seedOf(bytes).toString(16).padStart(8, '0')}.http`);
  writeFileSync(file, bytes);
  return file;
}
