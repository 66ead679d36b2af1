import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { leniencyOf, RESPONSE_LENIENCIES, type Leniency } from '../../src/http1/leniency.ts';
import { readBytes, type WrittenBytes } from './wire-notation.ts';

/** One case of `src/http1/cases`: bytes that come, and what is to become of them. */
export interface WireCase extends WrittenBytes {
  /** The heading: what is shown, and the section of the RFC. */
  readonly title: string;
  readonly file: string;
  readonly kind: 'request' | 'response';
  /** Of the request that the response answers. */
  readonly method: string;
  /** The protocol that this request asks for. */
  readonly upgrade: string | undefined;
  readonly lenient: Leniency;
  readonly isLenient: boolean;
  /** The events, of which `…` stands for any number. */
  readonly expected: readonly string[];
}

const CASE =
  /^## (?<title>.+)\n(?:(?!^## |^```)[^\n]*\n)*^```(?<kind>request|response)(?<settings>[^\n]*)\n(?<bytes>(?:(?!^```)[^\n]*\n)*)```\n(?:(?!^## |^```)[^\n]*\n)*^```events\n(?<events>(?:(?!^```)[^\n]*\n)*)```\n/gm;

/** All the cases of a folder's Markdown files. @throws Error for a heading without a case, or what is no notation */
export function readCases(folder: string): WireCase[] {
  return globSync('*.md', { cwd: folder })
    .filter((name) => name !== 'README.md')
    .toSorted()
    .flatMap((name) => casesOf(join(folder, name)));
}

function casesOf(path: string): WireCase[] {
  const text = readFileSync(path, 'utf8');
  const file = basename(path, '.md');
  const cases = [...text.matchAll(CASE)].map(({ groups = {} }) => {
    const { title = '', kind, settings = '', bytes = '', events = '' } = groups;
    return inContext(`${file}: ${title}`, () => ({
      ...readBytes(lines(bytes)),
      ...readSettings(settings),
      title,
      file,
      kind: kind === 'request' ? ('request' as const) : ('response' as const),
      expected: lines(events),
    }));
  });
  const headings = [...text.matchAll(/^## (.+)$/gm)].map(([, title]) => title);
  const lost = headings.filter((title) => !cases.some((each) => each.title === title));
  if (lost.length > 0) throw new Error(`${file}: no bytes and events below ${lost.join(', ')}`);
  if (new Set(headings).size < headings.length) throw new Error(`${file}: two cases have one name`);
  return cases;
}

/** `to HEAD`, `asking for websocket`, `lenient: bare-lf, line-folding` behind the word request or response. */
function readSettings(text: string): Pick<WireCase, 'method' | 'upgrade' | 'lenient' | 'isLenient'> {
  const settings = /^(?: to ([A-Z]+))?(?: asking for (\S+))?(?: lenient: ([a-z-]+(?:, [a-z-]+)*))?$/.exec(
    text,
  );
  if (settings === null) throw new Error(`no such setting: ${text}`);
  const [, method = 'GET', upgrade, names] = settings;
  const lenient = (names?.split(', ') ?? []).map((name) => {
    const known = RESPONSE_LENIENCIES.find((each) => each === name);
    if (known === undefined) throw new Error(`no such leniency: ${name}`);
    return known;
  });
  return { method, upgrade, lenient: leniencyOf(lenient), isLenient: lenient.length > 0 };
}

function lines(text: string): string[] {
  return text.split('\n').slice(0, -1);
}

function inContext<T>(where: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new Error(`${where}: ${String(cause)}`, { cause });
  }
}
