import type { Random } from './random.ts';
import * as words from './vocabulary.ts';

/** Which side's messages. */
export type Kind = 'request' | 'response';

/** One to four messages behind each other, mostly well formed but for one thing or two. */
export function generate(random: Random, kind: Kind): Buffer {
  let text = '';
  for (let left = 1 + random.below(4); left > 0; left--) {
    text += kind === 'request' ? request(random) : response(random);
    if (random.once(12)) text += '\r\n';
  }
  return Buffer.from(text, 'latin1');
}

function request(random: Random): string {
  // Most of the time all is as it should be, except where the body ends.
  const odd = random.once(4);
  const method = odd ? random.pick(words.METHODS) : random.pick(['GET', 'POST', 'PUT', 'HEAD']);
  const target = odd ? random.pick(words.TARGETS) : random.pick(['/', '/a?b', '/unread/x', '/b']);
  const version = odd ? random.pick(words.VERSIONS) : 'HTTP/1.1';
  const lines = [`${method} ${target} ${version}`, 'Host: a'];
  return message(random, lines);
}

function response(random: Random): string {
  const odd = random.once(3);
  const status = odd ? random.pick(words.STATUS_LINES) : 'HTTP/1.1 200 OK';
  return message(random, [status]);
}

function message(random: Random, lines: string[]): string {
  for (let left = random.below(3); left > 0; left--) lines.push(random.pick(words.OTHER_FIELDS));
  const content = body(random, lines);
  const lineEnd = random.once(16) ? random.pick(words.LINE_ENDS) : '\r\n';
  return `${lines.join('\r\n')}${lineEnd}\r\n${content}`;
}

/** Adds the framing fields, and answers with the body that they speak of; or of which they should. */
function body(random: Random, lines: string[]): string {
  switch (random.below(8)) {
    case 0:
      return '';
    case 1: {
      lines.push('Content-Length: 5');
      return 'abcde';
    }
    case 2: {
      lines.push(field(random, 'Content-Length', random.pick(words.LENGTH_VALUES)));
      return random.once(2) ? 'abcde' : random.pick(words.INTERESTING_PIECES);
    }
    case 3: {
      lines.push('Transfer-Encoding: chunked');
      return chunks(random, 10);
    }
    case 4: {
      lines.push('Transfer-Encoding: chunked');
      return chunks(random, 2);
    }
    case 5: {
      lines.push(field(random, 'Transfer-Encoding', random.pick(words.CODING_VALUES)));
      return chunks(random, 12);
    }
    case 6: {
      // Two opinions of the end.
      const both = [
        field(random, 'Transfer-Encoding', random.pick(words.CODING_VALUES)),
        `Content-Length: ${random.below(40)}`,
      ];
      lines.push(...(random.once(2) ? both : both.toReversed()));
      return chunks(random, 8);
    }
    default: {
      lines.push(`Content-Length: ${random.below(30)}`, field(random, 'Content-Length', '5'));
      return 'abcde';
    }
  }
}

function field(random: Random, name: string, value: string): string {
  const spelled = random.once(3) ? random.pick(words.ODD_NAMES)(name) : name;
  return `${spelled}:${random.once(5) ? '' : ' '}${value}`;
}

/** Chunks of which one in `strange` is not as it should be. */
function chunks(random: Random, strange: number): string {
  const odd = (): boolean => random.once(strange);
  let text = '';
  for (let left = random.below(4); left > 0; left--) {
    const data = random.pick(['a', 'abc', '0\r\n\r\n', 'x'.repeat(17), '\r\n']);
    text += chunkLine(random, data.length, odd());
    text += data;
    text += odd() ? random.pick(['', '\n', '\r', '\rX', 'X\r\n', '\r\n\r\n']) : '\r\n';
  }
  text += chunkLine(random, 0, odd());
  if (random.once(4)) text += `${random.pick(['X: y', 'Content-Length: 5', ...words.OTHER_FIELDS])}\r\n`;
  return `${text}${odd() ? random.pick(words.LINE_ENDS) : '\r\n'}`;
}

function chunkLine(random: Random, size: number, odd: boolean): string {
  const digits = size.toString(16);
  if (!odd) return `${digits}${random.once(4) ? random.pick([';a', ';a=b', ';a="b;\\" c"']) : ''}\r\n`;
  return `${random.pick(words.CHUNK_SIZES)(digits)}${random.pick(words.CHUNK_EXTENSIONS)}${random.pick(words.LINE_ENDS)}`;
}
