import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import {
  cycles,
  repositoryRoot,
  sourceFiles,
  withoutComments,
  type SourceFile,
} from './support/source-files.ts';

const behindServer = [
  'core',
  'http',
  'net',
  'http1',
  'pipeline',
  'router',
  'upstream',
  'features',
  'observe',
  'admin',
  'config',
];

/*
 * The house: a folder of src/ is a room, and a room imports its own files and those of the rooms named here.
 * A type is an import too. Tests beside the source may reach further: they put rooms together on purpose.
 */
const rooms: Readonly<Record<string, readonly string[]>> = {
  core: [],
  http: ['core'],
  net: ['core'],
  http1: ['core', 'http', 'net'], // of net only types: see below
  pipeline: ['core', 'http'],
  router: ['core', 'http'],
  upstream: ['core', 'http', 'http1', 'net'],
  features: ['core', 'http', 'pipeline'], // features/proxy also upstream: see below
  observe: ['core', 'http'],
  admin: ['core', 'http', 'pipeline', 'observe'],
  config: ['core', 'http', 'pipeline', 'router', 'upstream', 'features', 'observe'],
  server: behindServer,
  cli: ['index.ts'],
  'index.ts': [...behindServer, 'server'],
};

/** The longest that a file may be: longer, it holds more than one concept. */
const longestFile = 400;

const files = sourceFiles();
const source = files.filter(({ path, isTest }) => path.startsWith('src/') && !isTest);

describe('rooms', () => {
  test('every file of src/ is in a room of the table', () => {
    assertNone(source.filter((file) => !Object.hasOwn(rooms, roomOf(file.path))).map(({ path }) => path));
  });

  for (const [room, allowed] of Object.entries(rooms)) {
    test(`${room} imports ${allowed.join(', ') || 'nothing'}`, () => {
      const wrong = importsBetweenRooms(room).filter(({ to, from }) => {
        if (room === 'features' && featureOf(from) === 'proxy' && roomOf(to) === 'upstream') return false;
        return !allowed.includes(roomOf(to));
      });
      assertNone(wrong.map(({ from, to }) => `${from} imports ${to}`));
    });
  }

  test('http1 knows of net only types', () => {
    const wrong = importsBetweenRooms('http1').filter(
      ({ to, typeOnly }) => roomOf(to) === 'net' && !typeOnly,
    );
    assertNone(wrong.map(({ from, to }) => `${from} imports ${to} as a value`));
  });

  test('nothing in src/ imports tests, benchmarks or a file that is not there', () => {
    const known = new Set(source.map(({ path }) => path));
    assertNone(
      source.flatMap(({ path, imports }) =>
        imports.flatMap(({ file }) =>
          file === undefined || known.has(file) ? [] : [`${path} imports ${file}`],
        ),
      ),
    );
  });
});

describe('features', () => {
  const names = [...new Set(source.map(({ path }) => featureOf(path)).filter((name) => name !== undefined))];

  for (const name of names) {
    test(`${name} is whole: a handler, a schema, a test`, () => {
      const present = new Set(files.map(({ path }) => path));
      const parts = ['handler.ts', 'schema.ts', `${name}.test.ts`].map(
        (part) => `src/features/${name}/${part}`,
      );
      assertNone(parts.filter((part) => !present.has(part)));
    });

    test(`${name} imports no other feature`, () => {
      const wrong = importsBetweenFiles('features').filter(
        ({ from, to }) => featureOf(from) === name && roomOf(to) === 'features' && featureOf(to) !== name,
      );
      assertNone(wrong.map(({ from, to }) => `${from} imports ${to}`));
    });
  }
});

describe('what the server is made of', () => {
  test('sockets belong to net', () => {
    assertNone(importersOf(/^(node:)?(net|tls|dgram)$/).filter((path) => !path.startsWith('src/net/')));
  });

  test('nobody else speaks HTTP for us', () => {
    assertNone(importersOf(/^(node:)?(http|https|http2|_http_\w+)$|^(undici|axios|got|express|fastify)\b/));
    const calls = /(?<![.\w])(?:globalThis\.)?(?:fetch|XMLHttpRequest|WebSocket|EventSource)\(/;
    assertNone(source.filter(({ text }) => calls.test(withoutComments(text))).map(({ path }) => path));
  });

  test('Buffer is imported: the global one is a getter, which costs each time', () => {
    const uses = /\bBuffer\.\w+\(|\bnew Buffer\b|\binstanceof Buffer\b/;
    const importing = new Set(importersOf(/^node:buffer$/));
    assertNone(
      source
        .filter(({ path, text }) => uses.test(withoutComments(text)) && !importing.has(path))
        .map(({ path }) => path),
    );
  });

  test('index.ts only re-exports', () => {
    const index = source.find(({ path }) => path === 'src/index.ts');
    const rest = withoutComments(index?.text ?? '').replaceAll(/^export\b[^;]*?\bfrom '[^']+';$/gm, '');
    assert.equal(rest.trim(), '');
  });
});

describe('files', () => {
  test('none is longer than a concept', () => {
    assertNone(
      files.filter(({ lines }) => lines > longestFile).map(({ path, lines }) => `${path}: ${lines} lines`),
    );
  });

  test('none imports itself by way of others', () => {
    assertNone(cycles(files).map((around) => around.join(' → ')));
  });

  test('a decision that is referred to is written down', () => {
    const numbers = globSync('docs/decisions/[0-9]*.md', { cwd: repositoryRoot }).map(
      (path) => /\d{4}/.exec(path)?.[0],
    );
    assertNone(
      files.flatMap(({ path, text }) =>
        [...text.matchAll(/\bADR (\d{4})\b/g)]
          .filter(([, number]) => !numbers.includes(number))
          .map(([reference]) => `${path} refers to ${reference}`),
      ),
    );
  });

  test("none names a folder of somebody's machine", () => {
    const written = globSync(
      [
        '*',
        '.ci/*',
        '{src,test,bench,docs,staticfiles,examples}/**/*.{ts,md,json,yaml,html,css,py,txt,lua,sh}',
      ],
      { cwd: repositoryRoot, exclude: ['node_modules', 'dist', 'package-lock.json'], withFileTypes: true },
    ).filter((entry) => entry.isFile());
    const personal = /(?<![\w.:])\/(?:home|Users|work|workspace)\/\w|[A-Z]:\\Users\\/;
    const paths = written.map((entry) => join(entry.parentPath, entry.name));
    assertNone(paths.filter((path) => personal.test(readFileSync(path, 'utf8'))));
  });
});

interface Edge {
  readonly from: string;
  readonly to: string;
  readonly typeOnly: boolean;
}

function importsBetweenFiles(room: string): Edge[] {
  return source
    .filter(({ path }) => roomOf(path) === room)
    .flatMap(({ path: from, imports }) =>
      imports.flatMap(({ file: to, typeOnly }) => (to?.startsWith('src/') ? [{ from, to, typeOnly }] : [])),
    );
}

function importsBetweenRooms(room: string): Edge[] {
  return importsBetweenFiles(room).filter(({ to }) => roomOf(to) !== room);
}

function importersOf(specifier: RegExp): string[] {
  const does = ({ imports }: SourceFile): boolean => imports.some((one) => specifier.test(one.specifier));
  return source.filter(does).map(({ path }) => path);
}

/** `src/http1/state.ts` is in http1; a file right below src/ is a room by itself. */
function roomOf(path: string): string {
  return path.split('/')[1] ?? '';
}

function featureOf(path: string): string | undefined {
  return /^src\/features\/([^/]+)\//.exec(path)?.[1];
}

/** Fails with the list itself, so that the message is the list of what to mend. */
function assertNone(wrong: readonly string[]): void {
  assert.deepEqual(wrong, []);
}
