/** Whether a name below a root (`/assets/app.js`) is one that a pattern means. */
export type NameMatcher = (name: string) => boolean;

/**
 * Compiles a pattern of file names. One without a slash is about the last part of a name, wherever it lies (`*.html`);
 * any other about the whole name, from the root on (`/assets/**`, `assets/**`).
 *
 *     *       any characters but a slash
 *     **      any number of directories, where it is a whole segment; at the end, all that lies below
 *     ?       one character but a slash
 *     [a-z]   one of these; [!a-z] one of the others
 *     {a,b}   one of these; they do not nest
 *
 * Throws SyntaxError, with a sentence for the one who wrote it, for a pattern that is none.
 */
export function compileGlob(pattern: string): NameMatcher {
  if (pattern === '') throw new SyntaxError('a pattern of file names is missing, such as `*.html`');
  if (pattern.endsWith('/')) {
    throw new SyntaxError(`\`${pattern}\` is no file; all that lies below is \`${pattern}**\``);
  }
  const [extension] = /^\.\w+$/.exec(pattern) ?? [];
  if (extension !== undefined) {
    throw new SyntaxError(
      `\`${pattern}\` would be a file of just that name; all with this extension are \`*${pattern}\`, that one is \`**/${pattern}\``,
    );
  }
  if (!pattern.includes('/') && pattern !== '**') {
    const part = new RegExp(`^${segmentSource(pattern, pattern)}$`, 'u');
    return (name) => part.test(name.slice(name.lastIndexOf('/') + 1));
  }
  const segments = (pattern.startsWith('/') ? pattern.slice(1) : pattern).split('/');
  let source = '^';
  for (const [i, segment] of segments.entries()) {
    const isLast = i === segments.length - 1;
    if (segment === '') throw new SyntaxError(`\`${pattern}\` has two slashes in a row`);
    if (segment !== '**') source += `/(?=[^/])${segmentSource(segment, pattern)}`;
    else source += isLast ? '/.+' : '(?:/[^/]+)*';
  }
  const whole = new RegExp(`${source}$`, 'u');
  return (name) => whole.test(name);
}

/** A piece of a segment: a set, alternatives, a wildcard, or a run of plain characters. */
const PIECE = /\[(!?)([^\]/]+)\]|\{([^{}/]*)\}|(\*+)|(\?)|([^[\]{}*?]+)|(.)/gu;

function segmentSource(segment: string, pattern: string): string {
  let source = '';
  for (const [, negated, set, choices, stars, one, plain, stray] of segment.matchAll(PIECE)) {
    if (stray !== undefined)
      throw new SyntaxError(`\`${pattern}\` has a \`${stray}\` without its other half`);
    if (set !== undefined) source += setSource(set, negated === '!', pattern);
    else if (choices !== undefined)
      source += `(?:${choices
        .split(',')
        .map((each) => segmentSource(each, pattern))
        .join('|')})`;
    else if (stars === '**') {
      throw new SyntaxError(
        `\`${pattern}\`: \`**\` stands between slashes, such as \`/assets/**/*.js\`, or is one \`*\``,
      );
    } else if (stars !== undefined) source += '[^/]*';
    else if (one !== undefined) source += '[^/]';
    else source += literal(plain);
  }
  return source;
}

function setSource(set: string, isNegated: boolean, pattern: string): string {
  const escaped = set.replaceAll(/[\\^[&~|]/gu, String.raw`\$&`);
  const source = isNegated ? `[^/${escaped}]` : `[${escaped}]`;
  try {
    return new RegExp(source, 'u').source;
  } catch {
    throw new SyntaxError(`\`${pattern}\` has a range that goes backwards, or ends nowhere: \`[${set}]\``);
  }
}

function literal(text: string): string {
  return text.replaceAll(/[\\^$.|+()/]/gu, String.raw`\$&`);
}
