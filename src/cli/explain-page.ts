import { stripVTControlCharacters, styleText } from 'node:util';
import type { Anatomy, ByteRange, MessageAnatomy, RangeName, RefusalAnatomy } from '../index.ts';
import { lineAround, visibleByte, visibleBytes } from './visible-bytes.ts';

/** What the output is written on. */
export interface Paper {
  readonly columns: number;
  readonly color: boolean;
}

type Format = Parameters<typeof styleText>[0];
const LF = 0x0a;

/** Ranges that stand in the row of what they separate. */
const SEPARATORS: ReadonlySet<RangeName> = new Set<RangeName>([
  'space',
  'colon',
  'white space',
  'line end',
  'chunk end',
]);
/** Ranges in which a space would not be seen. */
const WITH_DOTS: ReadonlySet<RangeName> = new Set<RangeName>([...SEPARATORS, 'refused byte']);
/** Ranges of which the beginning is enough. */
const DATA: ReadonlySet<RangeName> = new Set<RangeName>(['body', 'chunk data', 'tunnel', 'not read']);
const FORMATS: Partial<Record<RangeName, Format>> = {
  method: 'bold',
  target: ['bold', 'cyan'],
  status: ['bold', 'cyan'],
  'field name': 'cyan',
  'trailer name': 'cyan',
  'chunk size': 'yellow',
  'chunk extension': 'yellow',
  body: 'green',
  'chunk data': 'green',
  tunnel: 'green',
  'refused byte': 'inverse',
  'not read': 'dim',
};

const INDENT = '  ';
/** `chunk extension` and `chunk size = 1234`. */
const NAME_WIDTH = 17;
const RULE_WIDTH = 15;
const LABEL_WIDTH = 12;
/** Rows that a piece of text, and a piece of data, may take. */
const MOST_TEXT_ROWS = 12;
const MOST_DATA_ROWS = 4;

/** The teaching view: every range with its bytes, its name and its rule; then what was decided about each message. */
export function explainPage(bytes: Buffer, anatomy: Anatomy, paper: Paper): readonly string[] {
  if (bytes.length === 0) return ['There is nothing to explain: no bytes.'];
  return new Page(bytes, anatomy, paper).lines;
}

/** A range with the separators behind it. */
type Row = readonly [ByteRange, ...ByteRange[]];

class Page {
  readonly lines: string[] = [];
  readonly #bytes: Buffer;
  readonly #paper: Paper;
  readonly #offsetWidth: number;
  readonly #width: number;

  constructor(bytes: Buffer, { kind, messages, ranges }: Anatomy, paper: Paper) {
    this.#bytes = bytes;
    this.#paper = paper;
    this.#offsetWidth = Math.max(4, String(bytes.length).length);
    const rows = rowsOf(ranges);
    const room = paper.columns - this.#offsetWidth - 3 * INDENT.length - NAME_WIDTH - RULE_WIDTH;
    this.#width = Math.max(24, Math.min(room, this.#longest(rows)));
    let next = 0;
    for (const [i, message] of messages.entries()) {
      this.#title(kind, i + 1, message);
      const end = message.offset + message.length;
      while (next < rows.length && rows[next][0].offset < end) this.#row(rows[next++]);
      this.#decisions(message);
    }
    if (next < rows.length) this.lines.push('');
    for (const row of rows.slice(next)) this.#row(row);
    this.#summary(kind, messages, ranges);
  }

  #style(format: Format, text: string): string {
    return this.#paper.color && text !== '' ? styleText(format, text, { validateStream: false }) : text;
  }

  #longest(rows: readonly Row[]): number {
    let longest = 0;
    for (const row of rows) {
      const length = row.reduce((sum, range) => sum + range.length, 0);
      // Data takes what room there is; and a byte is at least one column.
      const text = DATA.has(row[0].name) || length > this.#paper.columns ? length : this.#text(row).length;
      longest = Math.max(longest, text);
    }
    return longest;
  }

  #text(row: Row): string {
    return row.map((range) => visibleBytes(this.#bytesOf(range), WITH_DOTS.has(range.name))).join('');
  }

  #bytesOf({ offset, length }: ByteRange): Buffer {
    return this.#bytes.subarray(offset, offset + length);
  }

  #title(kind: Anatomy['kind'], number: number, { offset, length }: MessageAnatomy): void {
    const title = this.#style('bold', `${kind === 'request' ? 'Request' : 'Response'} ${number}`);
    if (number > 1) this.lines.push('');
    this.lines.push(`${title}  ${this.#style('dim', `${count(length, 'byte')} from byte ${offset}`)}`, '');
  }

  /** One line for most rows; a long one goes on below itself, and data is shortened. */
  #row(row: Row): void {
    const [first] = row;
    const most = DATA.has(first.name) ? MOST_DATA_ROWS : MOST_TEXT_ROWS;
    const pieces = this.#pieces(row, most);
    for (const [i, { offset, text, length }] of pieces.entries()) {
      const name = i === 0 ? nameOf(first) : '';
      const rule = i === 0 ? first.rule : '';
      const padding = ' '.repeat(Math.max(0, this.#width - length));
      const columns = [
        this.#style('dim', String(offset).padStart(this.#offsetWidth)),
        text + padding,
        (first.name === 'refused byte' ? this.#style('red', name) : name) +
          ' '.repeat(Math.max(0, NAME_WIDTH - name.length)),
        this.#style('dim', rule),
      ];
      this.lines.push(columns.join(INDENT).trimEnd());
    }
    const last = pieces.at(-1);
    const shown = last === undefined ? 0 : last.end - first.offset;
    if (shown < first.length) {
      const gap = ' '.repeat(this.#offsetWidth) + INDENT;
      this.lines.push(gap + this.#style('dim', `… ${count(first.length, 'byte')} in all`));
    }
  }

  /** A row cut to the width, data also where a line of it ends. */
  #pieces(row: Row, most: number): Piece[] {
    const pieces: Piece[] = [];
    let piece: Piece | undefined;
    for (const range of row) {
      const withDots = WITH_DOTS.has(range.name);
      const format = SEPARATORS.has(range.name) ? 'dim' : (FORMATS[range.name] ?? 'reset');
      let run = '';
      const flush = (): void => {
        if (piece !== undefined && run !== '')
          piece.text += format === 'reset' ? run : this.#style(format, run);
        run = '';
      };
      for (let at = range.offset; at < range.offset + range.length; at++) {
        const shown = visibleBytes(this.#bytes.subarray(at, at + 1), withDots);
        const breaks = DATA.has(range.name) && at > range.offset && this.#bytes[at - 1] === LF;
        if (piece === undefined || breaks || piece.length + shown.length > this.#width) {
          flush();
          if (pieces.length === most) return pieces;
          piece = { offset: at, end: at, text: '', length: 0 };
          pieces.push(piece);
        }
        run += shown;
        piece.length += shown.length;
        piece.end = at + 1;
      }
      flush();
    }
    return pieces;
  }

  #decisions(message: MessageAnatomy): void {
    const { request, framing, body, notes, refusal, next } = message;
    this.lines.push('');
    if (framing !== undefined) this.#decision('framing', framing.text, framing.rule);
    if (body !== undefined) {
      const parts = [`${count(body.received, 'byte')} of data`];
      if (body.chunks > 0) parts[0] += ` in ${count(body.chunks, 'chunk')}`;
      if (body.trailers !== undefined) parts.push(count([...body.trailers].length, 'trailer field'));
      this.#decision('body', parts.join(', '), undefined);
    }
    if (request !== undefined && framing !== undefined) this.#seen(request);
    for (const [i, note] of notes.entries())
      this.#decision(i === 0 ? 'note' : '', visibleText(note.text), note.rule);
    if (refusal !== undefined) this.#refusal(message, refusal);
    const kept = next.kept ? this.#style('green', 'kept') : this.#style('yellow', 'closed');
    this.#decision('connection', `${kept}: ${next.text}`, next.rule);
  }

  /** What a route is asked about, and what an upstream would be asked for. */
  #seen({ method, authority, form, path, query, rawTarget }: NonNullable<MessageAnatomy['request']>): void {
    const parts = [method, authority, path + query].filter((part) => part !== '');
    this.#decision('routes see', parts.join('  '), undefined);
    const written = form === 'absolute' ? rawTarget.replace(/^[^:]*:\/\/[^/?]*/, '') || '/' : rawTarget;
    if (path !== '' && written !== path + query) {
      this.#decision('', 'which is the normal form of what was written', 'RFC 3986 §6.2.2');
    }
  }

  #refusal({ outcome, body }: MessageAnatomy, why: RefusalAnatomy): void {
    const { code, detail, status, message, rule, step, offset } = why;
    const names = detail === undefined ? code : `${code} (${detail})`;
    this.#decision(outcome, `${this.#style(['bold', 'red'], names)} → ${status}`, undefined);
    this.#decision(
      '',
      message,
      [rule, step?.replace('RFC 9112 ', '')].filter((part) => part !== undefined).join(' and '),
    );
    if (offset === undefined || offset >= this.#bytes.length) {
      if (outcome !== 'incomplete') return;
      const missing = body?.missing ?? 0;
      const lack = missing === 0 ? '' : `, with ${count(missing, 'byte')} still to come`;
      this.#decision('stopped', `where the input ends, at byte ${this.#bytes.length}${lack}`, undefined);
      return;
    }
    const byte = this.#bytes[offset];
    const hex = `0x${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    this.#decision(
      'stopped',
      `at byte ${offset}: ${hex} ${visibleByte(byte) === ' ' ? 'SP' : visibleByte(byte)}`,
      undefined,
    );
    const margin = ' '.repeat(INDENT.length + LABEL_WIDTH);
    const { text, column } = lineAround(this.#bytes, offset, this.#paper.columns - margin.length);
    this.lines.push('', margin + text, margin + ' '.repeat(column) + this.#style(['bold', 'red'], '^'), '');
  }

  /** A label, a sentence, and the rule behind it or, where there is no room, below it. */
  #decision(label: string, text: string, rule: string | undefined): void {
    const margin = INDENT.length + LABEL_WIDTH;
    const room = this.#paper.columns - margin;
    const plain = stripVTControlCharacters(text);
    const { length } = plain;
    // What is long is the client's text, which has no colours that could be cut.
    const fits = length <= room || plain !== text;
    const lines = fits ? [text] : (text.match(new RegExp(`.{1,${room}}`, 'gu')) ?? []);
    const dimRule = this.#style('dim', rule ?? '');
    if (rule !== undefined && length + INDENT.length + rule.length <= room) lines[0] += INDENT + dimRule;
    else if (rule !== undefined) lines.push(dimRule);
    for (const [i, line] of lines.entries()) {
      const before = i === 0 ? this.#style('dim', label.padEnd(LABEL_WIDTH)) : ' '.repeat(LABEL_WIDTH);
      this.lines.push(INDENT + before + line);
    }
  }

  #summary(kind: Anatomy['kind'], messages: readonly MessageAnatomy[], ranges: readonly ByteRange[]): void {
    const kinds = (['accepted', 'refused', 'incomplete'] as const)
      .map((outcome) => ({
        outcome,
        number: messages.filter((message) => message.outcome === outcome).length,
      }))
      .filter(({ number }) => number > 0)
      .map(({ outcome, number }) => `${number} ${outcome}`);
    const last = ranges.at(-1);
    const unread = last?.name === 'not read' ? `; ${count(last.length, 'byte')} not read` : '';
    this.lines.push(
      '',
      `${count(messages.length, kind)}: ${kinds.join(', ') || 'nothing but empty lines'}${unread}.`,
    );
  }
}

interface Piece {
  readonly offset: number;
  end: number;
  text: string;
  /** Columns that the text takes. */
  length: number;
}

function rowsOf(ranges: readonly ByteRange[]): Row[] {
  const rows: [ByteRange, ...ByteRange[]][] = [];
  for (const range of ranges) {
    const row = rows.at(-1);
    if (row !== undefined && SEPARATORS.has(range.name) && row[0].message === range.message) row.push(range);
    else rows.push([range]);
  }
  return rows;
}

function nameOf({ name, value }: ByteRange): string {
  return name === 'chunk size' && value !== undefined ? `${name} = ${value}` : name;
}

/** Text in which a client may have had a hand: nothing in it speaks to the terminal. */
function visibleText(text: string): string {
  return visibleBytes(Buffer.from(text, 'latin1'));
}

function count(number: number, noun: string): string {
  return `${number.toLocaleString('en')} ${noun}${number === 1 ? '' : 's'}`;
}
