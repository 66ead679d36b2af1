import { latin1 } from '../core/latin1.ts';

/** What a range of bytes is. */
export type RangeName =
  | 'empty line'
  | 'method'
  | 'space'
  | 'target'
  | 'version'
  | 'status'
  | 'reason'
  | 'line end'
  | 'field name'
  | 'colon'
  | 'white space'
  | 'field value'
  | 'body'
  | 'chunk size'
  | 'chunk extension'
  | 'chunk data'
  | 'chunk end'
  | 'trailer name'
  | 'trailer value'
  | 'tunnel'
  | 'refused byte'
  | 'not read';

/** Bytes that belong together, and what they are. */
export interface ByteRange {
  /** The message they belong to, counted from 1; 0 for bytes that are of none. */
  readonly message: number;
  /** From the first byte of the input. */
  readonly offset: number;
  readonly length: number;
  readonly name: RangeName;
  /** The text of what is text, a chunk's size in decimal digits; undefined for data and for what separates. */
  readonly value: string | undefined;
  /** The section that says what they are. */
  readonly rule: string;
}

/** The section that a kind of range rests on, where nothing more special is known. */
const RULES: Readonly<Record<RangeName, string>> = {
  'empty line': 'RFC 9112 §2.1',
  method: 'RFC 9110 §9.1',
  space: 'RFC 9112 §3',
  target: 'RFC 9112 §3.2',
  version: 'RFC 9112 §2.3',
  status: 'RFC 9110 §15',
  reason: 'RFC 9112 §4',
  'line end': 'RFC 9112 §2.2',
  'field name': 'RFC 9110 §5.1',
  colon: 'RFC 9112 §5',
  'white space': 'RFC 9112 §5.1',
  'field value': 'RFC 9110 §5.5',
  body: 'RFC 9112 §6.2',
  'chunk size': 'RFC 9112 §7.1',
  'chunk extension': 'RFC 9112 §7.1.1',
  'chunk data': 'RFC 9112 §7.1',
  'chunk end': 'RFC 9112 §7.1',
  'trailer name': 'RFC 9112 §7.1.2',
  'trailer value': 'RFC 9112 §7.1.2',
  tunnel: 'RFC 9110 §7.8',
  'refused byte': 'RFC 9112 §2.2',
  'not read': 'RFC 9112 §9.6',
};

/** Ranges whose bytes are text that somebody reads. */
const TEXTS: ReadonlySet<RangeName> = new Set<RangeName>([
  'method',
  'target',
  'version',
  'status',
  'reason',
  'field name',
  'field value',
  'chunk extension',
  'trailer name',
  'trailer value',
]);

/**
 * Names an input from its first byte to its last: each range begins where the one before it ends, so that every byte is
 * in exactly one.
 */
export class AnatomyRecorder {
  readonly ranges: ByteRange[] = [];
  readonly bytes: Buffer;
  /** The first byte that has no name yet. */
  position = 0;
  /** The message that bytes are of now. */
  message = 0;
  /** No further than this is anything named: it was not understood. */
  bound: number;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.bound = bytes.length;
  }

  /** The bytes up to `end` are this; nothing, where that is not beyond what has a name. */
  upTo(end: number, name: RangeName, rule: string = RULES[name], value?: string): void {
    const { position } = this;
    const length = Math.min(end, this.bound) - position;
    if (length <= 0) return;
    const text = TEXTS.has(name) ? latin1(this.bytes, position, position + length) : undefined;
    this.ranges.push({ message: this.message, offset: position, length, name, value: value ?? text, rule });
    this.position += length;
  }

  /** A byte broke a rule: what has been named beyond it is taken back. */
  refuseAt(offset: number, rule: string | undefined): void {
    while (this.position > offset) {
      const last = this.ranges.pop() as ByteRange;
      this.position = last.offset;
      if (last.offset < offset) this.upTo(offset, last.name, last.rule);
    }
    this.upTo(offset + 1, 'refused byte', rule);
  }
}
