import type { Anatomy, ByteRange, RangeName } from '../index.ts';
import { count } from './count.ts';
import type { Format, Paper } from './paper.ts';
import { visibleBytes } from './visible-bytes.ts';

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
  'refused byte': ['inverse', 'red'],
  'not read': 'dim',
};

const GAP = '  ';
/** `chunk extension` and `chunk size = 1234`. */
const NAME_WIDTH = 17;
const RULE_WIDTH = 15;
/** Columns of the bytes; with more, the names would be far from what they name. */
const LEAST_WIDTH = 24;
const MOST_WIDTH = 60;
const OFFSET_WIDTH = 4;
/** Rows that a piece of text, and a piece of data, may take. */
const MOST_TEXT_ROWS = 12;
const MOST_DATA_ROWS = 4;

/** A range with the separators behind it. */
type Row = readonly [ByteRange, ...ByteRange[]];

/** A line's worth of a row. */
interface Piece {
  readonly offset: number;
  end: number;
  text: string;
  /** Columns that the text takes. */
  length: number;
}

/**
 * The ranges of an anatomy as a table: the offset of each, its bytes with the separators behind them, its name, its rule.
 * It is written from its beginning to its end, as much at a time as is asked for.
 */
export class RangeTable {
  readonly #bytes: Buffer;
  readonly #paper: Paper;
  readonly #rows: readonly Row[];
  readonly #offsetWidth: number;
  /** Columns of the bytes. */
  readonly #width: number;
  /** Where rules were broken. */
  readonly #refusedAt: ReadonlySet<number | undefined>;
  #next = 0;

  constructor(bytes: Buffer, { messages, ranges }: Anatomy, paper: Paper) {
    this.#bytes = bytes;
    this.#paper = paper;
    this.#rows = rowsOf(ranges);
    this.#refusedAt = new Set(messages.map(({ refusal }) => refusal?.offset));
    this.#offsetWidth = Math.max(OFFSET_WIDTH, String(bytes.length).length);
    const room = paper.columns - this.#offsetWidth - 3 * GAP.length - NAME_WIDTH - RULE_WIDTH;
    this.#width = Math.min(room, Math.max(LEAST_WIDTH, Math.min(MOST_WIDTH, this.#longest())));
  }

  /** The lines of the rows that begin before this byte and have not been written yet. */
  *linesUpTo(offset: number): Iterable<string> {
    while (this.#next < this.#rows.length && this.#rows[this.#next][0].offset < offset) {
      yield* this.#linesOf(this.#rows[this.#next++]);
    }
  }

  /** Columns that the widest row would like to have. */
  #longest(): number {
    let longest = 0;
    for (const row of this.#rows) longest = Math.max(longest, this.#widthOf(row));
    return longest;
  }

  #widthOf(row: Row): number {
    const [{ name, offset }] = row;
    let end = offset;
    for (const { length } of row) end += length;
    if (DATA.has(name)) {
      // Of data only some lines are shown.
      let longest = 0;
      for (let line = offset, i = 0; line < end && i < MOST_DATA_ROWS; i++) {
        const next = Math.min(this.#bytes.indexOf(LF, line) + 1 || end, end);
        longest = Math.max(longest, this.#visibleLength(line, next));
        line = next;
      }
      return longest;
    }
    return this.#visibleLength(offset, end);
  }

  /** Columns of the bytes in between, as far as it matters. */
  #visibleLength(from: number, to: number): number {
    return visibleBytes(this.#bytes.subarray(from, Math.min(to, from + this.#paper.columns))).length;
  }

  /** One line for most rows; a long one goes on below itself, and data is shortened. */
  #linesOf(row: Row): string[] {
    const lines: string[] = [];
    const [first] = row;
    const most = DATA.has(first.name) ? MOST_DATA_ROWS : MOST_TEXT_ROWS;
    const pieces = this.#pieces(row, most);
    for (const [i, { offset, text, length }] of pieces.entries()) {
      const name = i === 0 ? nameOf(first) : '';
      const rule = i === 0 ? first.rule : '';
      const padding = ' '.repeat(Math.max(0, this.#width - length));
      const columns = [
        this.#paper.style('dim', String(offset).padStart(this.#offsetWidth)),
        text + padding,
        (this.#refusedAt.has(first.offset) ? this.#paper.style('red', name) : name) +
          ' '.repeat(Math.max(0, NAME_WIDTH - name.length)),
        this.#paper.style('dim', rule),
      ];
      lines.push(columns.join(GAP).trimEnd());
    }
    const last = pieces.at(-1);
    const shown = last === undefined ? 0 : last.end - first.offset;
    if (shown < first.length) {
      const gap = ' '.repeat(this.#offsetWidth) + GAP;
      lines.push(gap + this.#paper.style('dim', `… ${count(first.length, 'byte')} in all`));
    }
    return lines;
  }

  #formatOf({ name, offset }: ByteRange): Format {
    if (SEPARATORS.has(name)) return 'dim';
    const format = FORMATS[name] ?? 'reset';
    return this.#refusedAt.has(offset) && format === 'reset' ? 'red' : format;
  }

  /** A row cut to the width, data also where a line of it ends. */
  #pieces(row: Row, most: number): Piece[] {
    const pieces: Piece[] = [];
    let piece: Piece | undefined;
    for (const range of row) {
      const withDots = WITH_DOTS.has(range.name);
      const format = this.#formatOf(range);
      let run = '';
      const flush = (): void => {
        if (piece !== undefined && run !== '')
          piece.text += format === 'reset' ? run : this.#paper.style(format, run);
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
