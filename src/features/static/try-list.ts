/** A place where it is looked for what a path stands for. */
export interface Attempt {
  /** Whether the path of the request stands before `rest`; else `rest` is the whole name. */
  readonly ofPath: boolean;
  /** `` (the path itself), `.html`, `/index.html`, `/` (a directory, by its index files), or a name such as `/index.html`. */
  readonly rest: string;
}

const PATH = '{path}';

/** The list that `try` is when nobody writes one. */
export const PLAIN: readonly Attempt[] = [
  { ofPath: true, rest: '' },
  { ofPath: true, rest: '/' },
];

/** The same for clean URLs: a page goes before a directory of its name, as it lies nearer. */
export const CLEAN: readonly Attempt[] = [
  { ofPath: true, rest: '' },
  { ofPath: true, rest: '.html' },
  { ofPath: true, rest: '/' },
];

/** What an entry of `try` means; throws SyntaxError, with a sentence for the one who wrote it, when it is none. */
export function parseAttempt(entry: string): Attempt {
  const ofPath = entry.startsWith(PATH);
  const rest = ofPath ? entry.slice(PATH.length) : entry;
  if (/^=\d+$/.test(entry)) {
    throw new SyntaxError(`what is not found is answered with a 404: leave \`${entry}\` out`);
  }
  if (/[$]uri/.test(entry)) {
    throw new SyntaxError(
      `the path of the request is \`{path}\` here: write \`${entry.replace('$uri', PATH)}\``,
    );
  }
  if (!ofPath && !rest.startsWith('/')) {
    throw new SyntaxError(
      'expected `{path}`, such as `{path}.html`, or a name below the root, such as `/index.html`',
    );
  }
  if (rest.includes('{')) throw new SyntaxError('`{path}` stands at the front, and only once');
  if (!ofPath && rest.endsWith('/')) throw new SyntaxError('expected a file, such as `/index.html`');
  const problem = rest === '' || rest === '/' ? undefined : nameProblem(rest);
  if (problem !== undefined) throw new SyntaxError(problem);
  return { ofPath, rest };
}

/** Why a text cannot be (the rest of) the name of a file below a root. */
export function nameProblem(name: string): string | undefined {
  if (/[\\\0]/.test(name)) return 'a name below the root has neither a backslash nor a NUL in it';
  const segments = name.split('/').slice(1);
  if (segments.some((segment) => segment === '.' || segment === '..')) {
    return 'a name below the root has neither `.` nor `..` in it';
  }
  return segments.some((segment, i) => segment === '' && i < segments.length - 1)
    ? 'a name below the root has no two slashes in a row'
    : undefined;
}
