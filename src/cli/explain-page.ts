import { Buffer } from 'node:buffer';
import { stripVTControlCharacters } from 'node:util';
import type { Anatomy, MessageAnatomy, RefusalAnatomy } from '../index.ts';
import { count } from './count.ts';
import type { Paper } from './paper.ts';
import { RangeTable } from './range-table.ts';
import { lineAround, visibleByte, visibleBytes } from './visible-bytes.ts';

const INDENT = '  ';
const LABEL_WIDTH = 12;
const SP = 0x20;
const OUTCOMES = ['accepted', 'refused', 'incomplete'] as const;

/** The teaching view: every range with its bytes, its name and its rule; then what was decided about each message. */
export function explainPage(bytes: Buffer, anatomy: Anatomy, paper: Paper): readonly string[] {
  if (bytes.length === 0) return ['There is nothing to explain: no bytes.'];
  return new Page(bytes, anatomy, paper).lines;
}

class Page {
  readonly lines: string[] = [];
  readonly #bytes: Buffer;
  readonly #paper: Paper;

  constructor(bytes: Buffer, anatomy: Anatomy, paper: Paper) {
    this.#bytes = bytes;
    this.#paper = paper;
    const { kind, messages } = anatomy;
    const table = new RangeTable(bytes, anatomy, paper);
    for (const [i, message] of messages.entries()) {
      this.#title(kind, i + 1, message);
      this.#lines(table.linesUpTo(message.offset + message.length));
      this.#decisions(message);
    }
    const rest = [...table.linesUpTo(bytes.length)];
    if (rest.length > 0) this.#lines(['', ...rest]);
    this.#summary(anatomy);
  }

  #lines(lines: Iterable<string>): void {
    for (const line of lines) this.lines.push(line);
  }

  #title(kind: Anatomy['kind'], number: number, { offset, length }: MessageAnatomy): void {
    const title = this.#paper.style('bold', `${kind === 'request' ? 'Request' : 'Response'} ${number}`);
    if (number > 1) this.lines.push('');
    this.lines.push(
      `${title}  ${this.#paper.style('dim', `${count(length, 'byte')} from byte ${offset}`)}`,
      '',
    );
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
    const kept = next.kept ? this.#paper.style('green', 'kept') : this.#paper.style('yellow', 'closed');
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
    this.#decision(outcome, `${this.#paper.style(['bold', 'red'], names)} → ${status}`, undefined);
    const rules = [rule, step?.replace('RFC 9112 ', '')].filter((part) => part !== undefined);
    this.#decision('', message, rules.length === 0 ? undefined : rules.join(' and '));
    if (offset === undefined || offset >= this.#bytes.length) {
      if (outcome !== 'incomplete') return;
      const missing = body?.missing ?? 0;
      const lack = missing === 0 ? '' : `, with ${count(missing, 'byte')} still to come`;
      this.#decision('stopped', `where the input ends, at byte ${this.#bytes.length}${lack}`, undefined);
      return;
    }
    const byte = this.#bytes[offset];
    const hex = `0x${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    const shown = byte === SP ? 'SP' : visibleByte(byte);
    this.#decision('stopped', `at byte ${offset}: ${hex} ${shown}`, undefined);
    const margin = ' '.repeat(INDENT.length + LABEL_WIDTH);
    const { text, column } = lineAround(this.#bytes, offset, this.#paper.columns - margin.length);
    this.lines.push(
      '',
      margin + text,
      margin + ' '.repeat(column) + this.#paper.style(['bold', 'red'], '^'),
      '',
    );
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
    const dimRule = this.#paper.style('dim', rule ?? '');
    if (rule !== undefined && length + INDENT.length + rule.length <= room) lines[0] += INDENT + dimRule;
    else if (rule !== undefined) lines.push(dimRule);
    for (const [i, line] of lines.entries()) {
      const before = i === 0 ? this.#paper.style('dim', label.padEnd(LABEL_WIDTH)) : ' '.repeat(LABEL_WIDTH);
      this.lines.push(INDENT + before + line);
    }
  }

  #summary({ kind, complete, messages, ranges }: Anatomy): void {
    const counts = OUTCOMES.map((outcome) => ({
      outcome,
      number: messages.filter((message) => message.outcome === outcome).length,
    }));
    const found = counts
      .filter(({ number }) => number > 0)
      .map(({ outcome, number }) => `${number} ${outcome}`);
    const parts = [`${count(messages.length, kind)}: ${found.join(', ') || 'nothing but empty lines'}`];
    const last = ranges.at(-1);
    if (last?.name === 'not read') parts.push(`${count(last.length, 'byte')} not read`);
    if (!complete && found.length === 1 && counts[0].number > 0) parts.push('the final answer is missing');
    this.lines.push('', `${parts.join('; ')}.`);
  }
}

/** Text in which a client may have had a hand: nothing in it speaks to the terminal. */
function visibleText(text: string): string {
  return visibleBytes(Buffer.from(text, 'latin1'));
}
