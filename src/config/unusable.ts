import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { dirname, isAbsolute, relative, sep } from 'node:path';
import { readTokens } from '../features/static/write/tokens.ts';
import type { Mistake } from './mistakes.ts';
import type { RuntimeConfig } from './runtime-config.ts';

/* What a configuration names on this machine and cannot use: found only when everything else is right. */

/** A file for the log that cannot be written. */
export function unusableLog({ accessLog }: RuntimeConfig): Mistake[] {
  const { path } = accessLog;
  if (path === undefined) return [];
  const problem = logProblem(path);
  return problem === undefined ? [] : [{ path: ['accessLog', 'path'], at: 'value', message: problem }];
}

function logProblem(path: string): string | undefined {
  const directory = dirname(path);
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isDirectory() === true) return `the log ${path} is a directory`;
  try {
    if (!statSync(directory).isDirectory()) return `the log's folder ${directory} is not a directory`;
    accessSync(found === undefined ? directory : path, constants.W_OK);
    return undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return `the log's folder ${directory} does not exist`;
    return code === 'EACCES'
      ? `the log ${path} may not be written`
      : `the log ${path} cannot be used (${code})`;
  }
}

/** Roots of files that are not there, are no directory or may not be read. */
export function unusableRoots({ routes }: RuntimeConfig): Mistake[] {
  return routes.flatMap(({ end }, i): Mistake[] => {
    if (end.kind !== 'files') return [];
    const { root, furtherRoots } = end.options;
    return [root, ...furtherRoots].flatMap((each, j): Mistake[] => {
      const problem = directoryProblem(each);
      const path = ['routes', i, 'files', 'root', ...(furtherRoots.length > 0 ? [j] : [])];
      return problem === undefined ? [] : [{ path, at: 'value', message: problem }];
    });
  });
}

function directoryProblem(root: string): string | undefined {
  try {
    if (!statSync(root).isDirectory()) return `the root ${root} is not a directory`;
    accessSync(root, constants.R_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return `the root ${root} does not exist`;
    if (code === 'EACCES') return `the root ${root} may not be read`;
    return `the root ${root} cannot be used (${code})`;
  }
}

/** Tokens of those who may write that cannot be read, or that clients could read, by whichever route. */
export function unusableTokens({ routes }: RuntimeConfig): Mistake[] {
  const roots = routes.flatMap(({ end }) =>
    end.kind === 'files' ? [end.options.root, ...end.options.furtherRoots] : [],
  );
  return routes.flatMap(({ end }, i): Mistake[] => {
    if (end.kind !== 'files' || end.options.write === undefined) return [];
    const problem = tokensProblem(end.options.write.tokens, roots);
    if (problem === undefined) return [];
    return [{ path: ['routes', i, 'files', 'write', 'tokens'], at: 'value', message: problem }];
  });
}

function tokensProblem(path: string, roots: readonly string[]): string | undefined {
  try {
    readTokens(path);
  } catch (error) {
    return (error as Error).message;
  }
  // A root that is not there is told as such.
  const root = roots.find((each) => directoryProblem(each) === undefined && liesBelow(path, each));
  return root === undefined
    ? undefined
    : `the tokens ${path} lie below the root ${root}, where they would be served`;
}

function liesBelow(path: string, root: string): boolean {
  const below = relative(realpathSync(root), realpathSync(path));
  return !isAbsolute(below) && below.split(sep)[0] !== '..';
}
