import type { ErrorCode } from '../../core/errors.ts';
import type { StaticOptions } from './schema.ts';

/** A name below the root, decoded, beginning with `/`; or why a path can be no such name. */
export type FilePath =
  | { readonly name: string; readonly refused?: never }
  | { readonly name?: never; readonly refused: ErrorCode };

/** Everything but the printable characters of ASCII: a target may hold nothing else (RFC 3986 §2). */
const NOT_IN_TARGET = /[^\x21-\x7e]/;

/**
 * What a request's path names below the root. It is decoded here, once, segment by segment, and trusts nobody: that
 * the path came normalised is not relied on.
 *
 *     400  broken percent-encoding, what does not decode to valid UTF-8 (overlong forms and surrogates among it), NUL
 *     404  a separator inside a segment (`%2F`, `\`, `%5C`), a dot segment in any spelling, a dotfile when those are denied
 *
 * Empty segments are passed over, so that the name never begins with two slashes.
 */
export function filePathOf(path: string, dotfiles: StaticOptions['dotfiles']): FilePath {
  if (!path.startsWith('/') || NOT_IN_TARGET.test(path)) return MALFORMED;
  const segments = path.split('/');
  const last = segments.length - 1;
  let name = '';
  for (let i = 1; i <= last; i++) {
    const segment = decode(segments[i]);
    if (segment === undefined) return MALFORMED;
    if (segment === '') continue;
    if (segment === '.' || segment === '..' || SEPARATOR.test(segment)) return NOT_FOUND;
    if (segment.startsWith('.') && isHidden(segment, name, dotfiles)) return NOT_FOUND;
    name += `/${segment}`;
  }
  return { name: path.endsWith('/') ? `${name}/` : name };
}

/**
 * What the names of files begin with that are still on their way into a root (`write/upload.ts`): they exist for nobody,
 * whatever `dotfiles` says.
 */
export const TEMPORARY_PREFIX = '.dreamserver-put-';

function isHidden(segment: string, above: string, dotfiles: StaticOptions['dotfiles']): boolean {
  // File systems that do not tell cases apart would find it by any.
  if (segment.toLowerCase().startsWith(TEMPORARY_PREFIX)) return true;
  return dotfiles === 'deny' && !(above === '' && segment === '.well-known');
}

const MALFORMED: FilePath = { refused: 'request.malformed-path' };
const NOT_FOUND: FilePath = { refused: 'request.not-found' };
const SEPARATOR = /[/\\]/;

/** Percent-decoded once; undefined when it is malformed. */
function decode(segment: string): string | undefined {
  if (!segment.includes('%')) return segment;
  try {
    // Strict by its definition: it throws for overlong forms, surrogates and anything above U+10FFFF.
    const decoded = decodeURIComponent(segment);
    return decoded.includes('\0') ? undefined : decoded;
  } catch {
    return undefined;
  }
}
