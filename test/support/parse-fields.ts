import assert from 'node:assert/strict';
import { HeaderList } from '../../src/http/header-list.ts';
import { FieldSection } from '../../src/http1/field-section.ts';

/** Field lines as they come off the wire: a list whose fields are spans of its text. */
export function parseFields(...lines: string[]): HeaderList {
  const text = `${lines.map((line) => `${line}\r\n`).join('')}\r\n`;
  const bytes = Buffer.from(text, 'latin1');
  const section = new FieldSection(lines.length);
  assert.equal(section.parse(bytes, 0, 0, bytes.length), bytes.length, JSON.stringify(text));
  return new HeaderList(text, section.takeSpans());
}
