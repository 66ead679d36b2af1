import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { DreamError } from '../core/errors.ts';
import type { BodySink, BodySource } from './body.ts';
import { JoinedBody, type Piece } from './joined-body.ts';

/** A body of these chunks that waits for its sink, and tells what became of it. */
class Chunks implements BodySource {
  readonly length: number;
  readonly trailers = undefined;
  readonly #chunks: string[];
  readonly #error: DreamError | undefined;
  #sink: BodySink | undefined = undefined;
  flows = 0;
  cancels = 0;

  constructor(chunks: readonly string[], error?: DreamError) {
    this.length = chunks.join('').length;
    this.#chunks = [...chunks];
    this.#error = error;
  }

  flow(sink: BodySink): void {
    this.flows++;
    this.#sink = sink;
    this.resume();
  }

  resume(): void {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (this.cancels > 0) return;
      if (chunk === undefined) break;
      if (this.#sink?.data(Buffer.from(chunk)) !== true) return;
    }
    if (this.#error === undefined) this.#sink?.end();
    else this.#sink?.fail(this.#error);
  }

  cancel(): void {
    this.cancels++;
  }
}

/** What a sink was told: chunks, and how it ended. `takes` says whether it has room behind a chunk. */
function flow(body: JoinedBody, takes: (chunk: string) => boolean = () => true): string[] {
  const seen: string[] = [];
  body.flow({
    data(chunk) {
      seen.push(chunk.toString());
      return takes(chunk.toString());
    },
    end: () => seen.push('END'),
    fail: (error) => seen.push(`FAIL ${error.code}`),
  });
  return seen;
}

const pieces = (): Piece[] => [Buffer.from('a'), new Chunks(['b', 'c']), Buffer.from('d'), new Chunks(['e'])];

suite('bodies joined to one', () => {
  test('come one after the other', () => {
    const body = new JoinedBody(pieces());
    assert.equal(body.length, 5);
    assert.deepEqual(flow(body), ['a', 'b', 'c', 'd', 'e', 'END']);
    assert.deepEqual(flow(new JoinedBody([])), ['END']);
    assert.deepEqual(flow(new JoinedBody([new Chunks([]), Buffer.from('x')])), ['x', 'END']);
  });

  test('wait for their sink behind every chunk, wherever it comes from', () => {
    const body = new JoinedBody(pieces());
    const seen = flow(body, () => false);
    for (const expected of [1, 2, 3, 4, 5]) {
      assert.equal(seen.length, expected);
      body.resume();
    }
    assert.equal(seen.join(''), 'abcdeEND');
    body.resume();
    assert.equal(seen.length, 6);
  });

  test('go on once where the sink resumes inside of its call, whatever it returns', () => {
    for (const answer of [true, false]) {
      const body = new JoinedBody([Buffer.from('a'), Buffer.from('b'), Buffer.from('c')]);
      let resumed = false;
      const seen = flow(body, () => {
        if (resumed) return true;
        resumed = true;
        body.resume();
        return answer;
      });
      assert.equal(seen.join(''), 'abcEND');
    }
  });

  test('flow once', () => {
    const body = new JoinedBody([Buffer.from('a')]);
    flow(body, () => false);
    assert.deepEqual(flow(body), []);
  });

  test('fail with the first of them, and the rest is cancelled', () => {
    const rest = [new Chunks(['x']), new Chunks(['y'])];
    const failing = new Chunks(['b'], new DreamError('static.file-changed'));
    const body = new JoinedBody([Buffer.from('a'), failing, ...rest]);
    assert.deepEqual(flow(body), ['a', 'b', 'FAIL static.file-changed']);
    assert.deepEqual(
      rest.map(({ flows, cancels }) => [flows, cancels]),
      [
        [0, 1],
        [0, 1],
      ],
    );
    assert.equal(failing.cancels, 0);
    body.cancel();
    assert.equal(rest[0]?.cancels, 1);
  });
});

suite('bodies joined to one are cancelled', () => {
  test('all of them before the first has flowed', () => {
    const all = [new Chunks(['a']), new Chunks(['b'])];
    const body = new JoinedBody(all);
    body.cancel();
    body.cancel();
    assert.deepEqual(flow(body), []);
    assert.deepEqual(
      all.map(({ cancels }) => cancels),
      [1, 1],
    );
  });

  for (const [where, chunk, counts] of [
    ['in bytes', 'a', [1, 1]],
    ['in a body', 'b', [1, 1]],
    ['in bytes between bodies', 'd', [0, 1]],
    ['in the last one', 'e', [0, 1]],
  ] as const) {
    for (const answer of [true, false]) {
      test(`${where}, inside of a call that returns ${answer}`, () => {
        const bodies = [new Chunks(['b', 'c']), new Chunks(['e', 'f'])] as const;
        const body = new JoinedBody([Buffer.from('a'), bodies[0], Buffer.from('d'), bodies[1]]);
        const seen = flow(body, (present) => {
          if (present !== chunk) return true;
          body.cancel();
          return answer;
        });
        body.resume();
        assert.equal(seen.at(-1), chunk);
        assert.deepEqual(
          bodies.map(({ cancels }) => cancels),
          counts,
        );
      });
    }
  }
});
