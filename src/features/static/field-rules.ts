import { attachment } from '../../http/content-disposition.ts';
import { mediaTypeNow, mediaTypeOf } from '../../http/media-type.ts';
import { compileGlob, type NameMatcher } from './glob.ts';

/** What a site says about the fields of its answers. */
export interface FieldOptions {
  /** Patterns of file names, and the Cache-Control of those that match: the first counts. */
  readonly cacheControl: readonly (readonly [pattern: string, value: string])[];
  /** Extensions or patterns, and the media type of names that match: the first counts. */
  readonly types: readonly (readonly [pattern: string, value: string])[];
  /** The charset that text is declared to be in, or `off`. */
  readonly charset: string;
  /** Patterns of the names that clients are to save rather than show. */
  readonly download: readonly string[];
}

/** What a site wants to be said about a file besides what is always said, as name, value, name, value. */
export interface OwnFields {
  /** In every answer that is about the file, 304 too (RFC 9110 §15.4.5). */
  readonly always: readonly string[];
  /** In the answers that bring its bytes. */
  readonly withBytes: readonly string[];
}

export const NO_FIELDS: OwnFields = { always: [], withBytes: [] };

/** A year, the longest that anybody means. */
const IMMUTABLE = 'public, max-age=31536000, immutable';

/** The key of `cacheControl` that means names with a hash of the content, as bundlers give them. */
const HASHED = 'hashed';

/**
 * `app.3f9a2c1b.js` and `app-B4nX9a2c.js.map`: before the extension eight or more hexadecimal digits with both kinds
 * among them, or the eight characters of Vite, Rollup and esbuild with a letter right behind a digit. What is
 * immutable cannot be taken back, so dates (`report-20240131.pdf`) and words (`notes-Chapter1.pdf`) are none.
 */
const HASHED_NAME =
  /[.-](?:(?=[a-f]*\d)(?=\d*[a-f])[\da-f]{8,64}|(?=\w*\d[A-Za-z])(?=\w*[A-Z])\w{8})(?:\.[A-Za-z\d]+){1,2}$/;

interface Rule {
  readonly matches: NameMatcher;
  readonly value: string;
}

/**
 * What is said of files by their names: media type, Cache-Control, Content-Disposition. Asked when a file is taken into
 * memory, and not again for its requests. Of several rules for a name the first holds.
 */
export class FieldRules {
  readonly #types: readonly Rule[];
  readonly #cacheControl: readonly Rule[];
  readonly #downloads: readonly NameMatcher[];
  readonly #charset: string;
  readonly #hasFields: boolean;

  constructor({ types, cacheControl, download, charset }: FieldOptions) {
    this.#types = types.map(([pattern, value]) => ({ matches: typeMatcher(pattern), value }));
    this.#cacheControl = cacheControl.map(([pattern, value]) => ({
      matches: pattern === HASHED ? isHashed : compileGlob(pattern),
      value: value === 'immutable' ? IMMUTABLE : value,
    }));
    this.#downloads = download.map(compileGlob);
    this.#charset = charset;
    this.#hasFields = cacheControl.length + download.length > 0;
  }

  /** The Content-Type of a name below the root. */
  async mediaTypeOf(name: string): Promise<string> {
    const own = first(this.#types, name);
    return this.#inCharset(own, own ?? (await mediaTypeOf(name)));
  }

  /** The same at once; undefined until what is known of extensions is loaded. */
  mediaTypeNow(name: string): string | undefined {
    const own = first(this.#types, name);
    const type = own ?? mediaTypeNow(name);
    return type && this.#inCharset(own, type);
  }

  #inCharset(own: string | undefined, type: string): string {
    if (own === undefined && this.#charset === 'utf-8') return type;
    const [bare] = type.split(';', 1);
    // What the site wrote with its parameters stands as it is.
    if (!bare.startsWith('text/') || (own !== undefined && own !== bare)) return type;
    return this.#charset === 'off' ? bare : `${bare}; charset=${this.#charset}`;
  }

  fieldsOf(name: string): OwnFields {
    if (!this.#hasFields) return NO_FIELDS;
    const cacheControl = first(this.#cacheControl, name);
    const isDownload = this.#downloads.some((matches) => matches(name));
    return {
      always: cacheControl === undefined ? [] : ['Cache-Control', cacheControl],
      withBytes: isDownload ? ['Content-Disposition', attachment(name.slice(name.lastIndexOf('/') + 1))] : [],
    };
  }
}

/** `.foo` is an extension, in any case; whatever else a pattern. */
export function typeMatcher(pattern: string): NameMatcher {
  if (!/^\.[^*?[{/]+$/.test(pattern)) return compileGlob(pattern);
  const extension = pattern.toLowerCase();
  return (name) => name.toLowerCase().endsWith(extension);
}

function isHashed(name: string): boolean {
  return HASHED_NAME.test(name);
}

function first(rules: readonly Rule[], name: string): string | undefined {
  return rules.find(({ matches }) => matches(name))?.value;
}
