import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { readBytes } from '../support/wire-notation.ts';

/** A field that an answer has to have, and its value. */
type ExpectedField = readonly [name: string, value: string];

/** One row of `cases/*.md`: a request for a file, and what DreamServer answers. */
export interface StaticCase {
  readonly title: string;
  readonly file: string;
  readonly method: string;
  readonly target: string;
  readonly version: string;
  /** Field lines, with a Host; `{etag}` in them stands for the entity-tag that the server itself has given. */
  readonly fields: readonly string[];
  readonly status: number;
  readonly expected: readonly ExpectedField[];
  /** Names of fields that it must not have. */
  readonly without: readonly string[];
  /** The body; undefined where the row does not say. */
  readonly body: string | undefined;
  /** The body is this file of the root. */
  readonly bodyFile: string | undefined;
}

/** All the cases of a folder's Markdown tables. @throws Error for a row that cannot be read, or two of one name */
export function readStaticCases(folder: string): StaticCase[] {
  const cases = globSync('*.md', { cwd: folder })
    .filter((name) => name !== 'README.md')
    .toSorted()
    .flatMap((name) => {
      const file = basename(name, '.md');
      return tableRows(readFileSync(join(folder, name), 'utf8')).map((cells) => caseOf(file, cells));
    });
  const titles = cases.map(({ title }) => title);
  const twice = titles.filter((title, at) => titles.indexOf(title) !== at);
  if (twice.length > 0) throw new Error(`two cases have one name: ${twice.join(', ')}`);
  return cases;
}

/** The cells of all rows of all tables in a Markdown text, without the heads of the tables. */
export function tableRows(text: string): string[][] {
  const lines = text.split('\n');
  return lines.flatMap((line, at) => {
    const isHead = lines[at + 1]?.startsWith('|--') ?? false;
    if (!line.startsWith('| ') || isHead) return [];
    return [
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    ];
  });
}

function caseOf(file: string, cells: readonly string[]): StaticCase {
  const [title = '', request = '', answer = ''] = cells;
  try {
    if (cells.length !== 3 || title === '') throw new Error('three cells are a row: case, request, answer');
    return { title, file, ...readRequest(codeSpans(request)), ...readAnswer(codeSpans(answer)) };
  } catch (cause) {
    throw new Error(`${file}: ${cells.join(' | ')}: ${String(cause)}`, { cause });
  }
}

function codeSpans(cell: string): string[] {
  if (cell.replaceAll(/`[^`]+`/g, '').trim() !== '') throw new Error(`not all of it is code: ${cell}`);
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, span]) => span);
}

function readRequest([line = '', ...fields]: string[]): Pick<
  StaticCase,
  'method' | 'target' | 'version' | 'fields'
> {
  const parts = /^([A-Z]+) (\S+)(?: (HTTP\/1\.[01]))?$/.exec(line);
  if (parts === null) throw new Error(`no request line: ${line}`);
  const [, method, target, version = 'HTTP/1.1'] = parts;
  const hasHost = fields.some((field) => field.startsWith('Host:'));
  return {
    method,
    target: textOf(target),
    version,
    fields: [...(hasHost ? [] : ['Host: localhost']), ...fields.map((field) => textOf(field))],
  };
}

function readAnswer([status = '', ...spans]: string[]): Pick<
  StaticCase,
  'status' | 'expected' | 'without' | 'body' | 'bodyFile'
> {
  if (!/^[2-5]\d\d$/.test(status)) throw new Error(`no status: ${status}`);
  const expected: ExpectedField[] = [];
  const without: string[] = [];
  let body: string | undefined;
  let bodyFile: string | undefined;
  for (const span of spans) {
    const parts =
      /^(?:(?<name>[A-Za-z-]+): (?<value>.+)|no (?<absent>[A-Za-z-]+)|= (?<body>.+)|file (?<file>.+))$/.exec(
        span,
      )?.groups;
    if (parts === undefined) throw new Error(`no such expectation: ${span}`);
    if (parts['name'] !== undefined) expected.push([parts['name'], parts['value'] ?? '']);
    else if (parts['absent'] !== undefined) without.push(parts['absent']);
    else if (parts['body'] !== undefined) body = textOf(parts['body']);
    else bodyFile = parts['file'];
  }
  return { status: Number(status), expected, without, body, bodyFile };
}

function textOf(written: string): string {
  return readBytes([written]).bytes.toString('latin1');
}
