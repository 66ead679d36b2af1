import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export const repositoryRoot = join(import.meta.dirname, '..', '..');

export interface Import {
  /** As written: `node:net`, `zod`, `../core/clock.ts`. */
  readonly specifier: string;
  /** The file it names, relative to the repository; absent for modules from elsewhere. */
  readonly file?: string;
  readonly typeOnly: boolean;
}

export interface SourceFile {
  /** Relative to the repository, with `/`. */
  readonly path: string;
  readonly text: string;
  readonly lines: number;
  readonly isTest: boolean;
  readonly imports: readonly Import[];
}

/** Every TypeScript file that is written by hand. */
export function sourceFiles(): SourceFile[] {
  return globSync(['src/**/*.ts', 'test/**/*.ts', 'bench/**/*.ts'], { cwd: repositoryRoot })
    .toSorted()
    .map((path) => {
      const text = readFileSync(join(repositoryRoot, path), 'utf8');
      const lines = text.split('\n').length - 1;
      return { path, text, lines, isTest: path.endsWith('.test.ts'), imports: importsOf(path, text) };
    });
}

/**
 * The four ways in which a file names another: a statement with `from`, a bare import, `import(…)` as a value or in
 * a type. Comments are taken out first, whole lines of them only, so that a string with `//` stays whole.
 */
export function importsOf(path: string, text: string): Import[] {
  const code = withoutComments(text);
  const statements = /^\s*(?:import|export)\s+(type\s+)?(?:[^'"`;()]*?\bfrom\s*)?['"]([^'"]+)['"]/gm;
  const expressions = /(:\s*|\bas\s+|<|typeof\s+)?\bimport\(\s*['"]([^'"]+)['"]\s*\)/g;
  return [...code.matchAll(statements), ...code.matchAll(expressions)].map(([, type, specifier = '']) => ({
    specifier,
    typeOnly: type !== undefined,
    ...(specifier.startsWith('.') ? { file: join(dirname(path), specifier) } : {}),
  }));
}

export function withoutComments(text: string): string {
  return text.replaceAll(/^[ \t]*\/\*[^]*?\*\//gm, '').replaceAll(/^\s*\/\/.*$/gm, '');
}

/** The shortest way around found from each file on, as paths; empty without cycles. */
export function cycles(files: readonly SourceFile[]): string[][] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const done = new Set<string>();
  const found: string[][] = [];
  const visit = (path: string, trail: string[]): void => {
    const at = trail.indexOf(path);
    if (at >= 0) found.push([...trail.slice(at), path]);
    if (at >= 0 || done.has(path)) return;
    for (const { file } of byPath.get(path)?.imports ?? []) {
      if (file !== undefined) visit(file, [...trail, path]);
    }
    done.add(path);
  };
  for (const { path } of files) visit(path, []);
  return found;
}
