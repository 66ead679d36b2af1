/** Bytes as the cases of `src/http1/cases` write them. */
export interface WrittenBytes {
  readonly bytes: Buffer;
  /** Where the sender waits until everything before has been read. */
  readonly waits: readonly number[];
  /** The sender says that no more will come. */
  readonly ends: boolean;
  /** The byte that is marked as the one that breaks a rule. */
  readonly mark: number | undefined;
}

const MARK = '‸';
const PLAIN = /^[ -[\]-~]+/;
const ESCAPE =
  /^\\(?:([rnt0\\])|x([0-9a-f]{2})|\(((?:[ -[\]-~]|\\[rnt0\\]|\\x[0-9a-f]{2})+?)\*([1-9][0-9]*)\)|(wait|end)\b)/;
const NAMED: Readonly<Record<string, string>> = { r: '\r', n: '\n', t: '\t', 0: '\0', '\\': '\\' };

/** @throws Error for what is not in the notation */
export function readBytes(lines: readonly string[]): WrittenBytes {
  let text = '';
  let ends = false;
  let mark: number | undefined;
  const waits: number[] = [];
  for (const line of lines) {
    if (line.endsWith(' ')) throw new Error(`a space at a line's end is invisible, write \\x20: ${line}`);
    for (let rest = line; rest !== '';) {
      const plain = PLAIN.exec(rest)?.[0];
      if (plain !== undefined) {
        text += plain;
        rest = rest.slice(plain.length);
      } else if (rest.startsWith(MARK)) {
        mark = text.length;
        rest = rest.slice(MARK.length);
      } else {
        const escape = ESCAPE.exec(rest);
        if (escape === null) throw new Error(`no such notation: ${rest}`);
        const [whole, named, hex, repeated, count, told] = escape;
        if (named !== undefined) text += NAMED[named];
        else if (hex !== undefined) text += String.fromCharCode(Number.parseInt(hex, 16));
        else if (repeated !== undefined) text += textOf(repeated).repeat(Number(count));
        else if (told === 'wait') waits.push(text.length);
        else ends = true;
        rest = rest.slice(whole.length);
      }
    }
  }
  return { bytes: Buffer.from(text, 'latin1'), waits, ends, mark };
}

function textOf(written: string): string {
  return readBytes([written]).bytes.toString('latin1');
}

const SHORTEST_RUN = 24;

/** Text, one character a byte, in the same notation; long runs of one character are shortened. */
export function writeBytes(text: string): string {
  return text.replaceAll(/([^])\1*/g, (run, character: string) => {
    const written = escaped(character);
    return run.length < SHORTEST_RUN ? written.repeat(run.length) : `\\(${written}*${run.length})`;
  });
}

function escaped(character: string): string {
  if (character === '\\') return '\\\\';
  if (character >= ' ' && character <= '~') return character;
  const named = Object.entries(NAMED).find(([, named]) => named === character);
  return named === undefined
    ? `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`
    : `\\${named[0]}`;
}
