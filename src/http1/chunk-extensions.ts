import type { ErrorCode } from '../core/errors.ts';
import { BACKSLASH, CR, EQUALS, FIELD_VALUE, HT, LF, QUOTE, SEMICOLON, SP, TOKEN } from './chars.ts';
import { NEED_MORE, REFUSED } from './field-section.ts';
import type { Leniency } from './leniency.ts';

/** Bytes of extensions that one body may carry in all; nobody uses them, only attackers (RFC 9112 §7.1.1). */
const SIZE_LIMIT = 4096;

/** Where in the grammar below the parser stands: what it has just read, or what has to come. */
type State =
  | 'size'
  | 'semicolon'
  | 'name'
  | 'blank-after-name'
  | 'equals'
  | 'value'
  | 'quoted'
  | 'quoted-pair'
  | 'quote'
  | 'blank-after-value';

/**
 * Parses what stands between a chunk's size and the CRLF of its line (RFC 9112 §7.1.1), and ignores what it says:
 *
 *     chunk-ext = *( BWS ";" BWS token [ BWS "=" BWS ( token / quoted-string ) ] )
 *
 * What looks like one and is none is where readers differ, so it is taken by the letter. `parse` answers the position
 * of the CR, NEED_MORE or REFUSED; then `errorPosition` is the byte that broke the rule.
 */
export class ChunkExtensions {
  error: ErrorCode = 'http1.chunk.malformed-extension';
  errorPosition = 0;
  readonly #lenient: Leniency;
  /** Bytes of all the extensions so far. */
  #size = 0;
  #state: State = 'size';

  constructor(lenient: Leniency) {
    this.#lenient = lenient;
  }

  parse(bytes: Buffer, position: number, end: number): number {
    const limit = position + SIZE_LIMIT - this.#size;
    const bound = Math.min(end, limit + 1);
    for (let p = position; p < bound; p++) {
      const byte = bytes[p];
      if (byte === CR && this.#complete) {
        this.#size += p - position;
        this.#state = 'size';
        return p;
      }
      this.errorPosition = p;
      if (p === limit) return this.#refuse('http1.chunk.extension-too-long');
      const next = follow(this.#state, byte);
      if (next === undefined) {
        return this.#refuse(byte === LF ? 'http1.line.bare-lf' : 'http1.chunk.malformed-extension');
      }
      this.#state = next;
    }
    this.#size += bound - position;
    return NEED_MORE;
  }

  /** Whether the line may end here. */
  get #complete(): boolean {
    const state = this.#state;
    if (state === 'name' || state === 'value' || state === 'quote') return true;
    return state === 'size' && this.#lenient.chunkSizeSpace;
  }

  #refuse(error: ErrorCode): number {
    this.error = error;
    return REFUSED;
  }
}

/** The state after a byte; undefined where it does not fit. */
function follow(state: State, byte: number): State | undefined {
  switch (state) {
    case 'size':
      if (byte === SEMICOLON) return 'semicolon';
      return isBlank(byte) ? 'size' : undefined;
    case 'semicolon':
      if (isBlank(byte)) return 'semicolon';
      return TOKEN[byte] === 1 ? 'name' : undefined;
    case 'name':
      if (TOKEN[byte] === 1) return 'name';
      if (isBlank(byte)) return 'blank-after-name';
      return afterName(byte);
    case 'blank-after-name':
      return isBlank(byte) ? 'blank-after-name' : afterName(byte);
    case 'equals':
      if (isBlank(byte)) return 'equals';
      if (byte === QUOTE) return 'quoted';
      return TOKEN[byte] === 1 ? 'value' : undefined;
    case 'value':
      return TOKEN[byte] === 1 ? 'value' : afterValue(byte);
    case 'quoted':
      if (byte === QUOTE) return 'quote';
      if (byte === BACKSLASH) return 'quoted-pair';
      return FIELD_VALUE[byte] === 1 ? 'quoted' : undefined;
    case 'quoted-pair':
      return FIELD_VALUE[byte] === 1 ? 'quoted' : undefined;
    case 'quote':
    case 'blank-after-value':
      return afterValue(byte);
  }
}

function afterName(byte: number): State | undefined {
  if (byte === EQUALS) return 'equals';
  return byte === SEMICOLON ? 'semicolon' : undefined;
}

function afterValue(byte: number): State | undefined {
  if (byte === SEMICOLON) return 'semicolon';
  return isBlank(byte) ? 'blank-after-value' : undefined;
}

function isBlank(byte: number): boolean {
  return byte === SP || byte === HT;
}
