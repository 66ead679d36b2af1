/** What of an answer waits here for its client, and where: in memory, in a file, and at last in its source. */
import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import fc from 'fast-check';
import {
  OwnTemporaryFiles,
  skipFileLimit,
  skipOpenFiles,
  withFileLimit,
} from '../../../test/support/own-temporary-files.ts';
import { parseFields } from '../../../test/support/parse-fields.ts';
import { Tap } from '../../../test/support/tap.ts';
import { within } from '../../../test/support/until.ts';
import { DreamError } from '../../core/errors.ts';
import type { BodySink, BodySource } from '../../http/body.ts';
import { ElasticBody, type ElasticBounds } from './elastic-body.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

const files = OwnTemporaryFiles.perFile();

afterEach(async () => {
  if (skipOpenFiles === false) await files.untilNoneOpen();
});

/** A client: takes what it is given and says whether it has room, as the test decides. Keeps to the rules of lending. */
class Client implements BodySink {
  readonly taken: Buffer[] = [];
  /** Settles with the end, or with why there is none. */
  readonly over: Promise<string>;
  /** Whether it takes what comes at once. */
  quick: boolean;
  #held: Buffer | undefined = undefined;
  #source!: BodySource;
  #over!: (how: string) => void;

  constructor(quick: boolean) {
    this.quick = quick;
    this.over = new Promise((resolve) => {
      this.#over = resolve;
    });
  }

  read(source: BodySource): this {
    this.#source = source;
    source.flow(this);
    return this;
  }

  data(chunk: Buffer): boolean {
    assert.equal(this.#held, undefined, 'it has said that it is full');
    if (this.quick) this.taken.push(Buffer.from(chunk));
    else this.#held = chunk;
    return this.quick;
  }

  /** Take what it holds: only now is it looked at. False: it holds nothing. */
  take(): boolean {
    const held = this.#held;
    if (held === undefined) return false;
    this.taken.push(Buffer.from(held));
    this.#held = undefined;
    this.#source.resume();
    return true;
  }

  /** Take all that there is from now on. */
  catchUp(): void {
    this.quick = true;
    this.take();
  }

  end(): void {
    this.#over('end');
  }

  fail({ code }: DreamError): void {
    this.#over(code);
  }

  /** Whatever it still holds counts as taken. */
  get bytes(): Buffer {
    return Buffer.concat(this.#held === undefined ? this.taken : [...this.taken, this.#held]);
  }
}

const ON: ElasticBounds = { memory: 64 * KIB, file: 1024 * MIB };
const piece = (index: number, size = 64 * KIB): Buffer =>
  Buffer.alloc(size, String.fromCharCode(0x61 + (index % 26)));
const ends = (client: Client): Promise<string> => within(30_000, 'the end', client.over);

/** A source that gives so many pieces, each as soon as there is room for it; the chunks are blotted out when they are lent no more. */
async function pour(tap: Tap, count: number, size?: number): Promise<Buffer> {
  const poured: Buffer[] = [];
  for (let i = 0; i < count; i++) {
    const bytes = piece(i, size);
    poured.push(bytes);
    await tap.push(bytes.toString('latin1'));
  }
  return Buffer.concat(poured);
}

describe('an answer whose client takes it at once', () => {
  it('passes through, with its length and its trailers, and makes no file', async () => {
    const tap = new Tap(5 * 64 * KIB);
    const body = new ElasticBody(tap, ON);
    const client = new Client(true).read(body);
    for (let i = 0; i < 5; i++) {
      await tap.push(piece(i).toString());
      assert.equal(client.taken.length, i + 1, 'nothing waits');
    }
    tap.trailers = parseFields('X-Sum: 1');
    tap.sink?.end();
    assert.equal(await ends(client), 'end');
    assert.equal(body.length, 5 * 64 * KIB);
    assert.equal(body.trailers?.get('x-sum'), '1');
    assert.equal(files.open, 0);
  });
});

describe('an answer whose client is slow', () => {
  it('has left its source before the client has taken more than the first piece', async () => {
    const tap = new Tap();
    const client = new Client(false).read(new ElasticBody(tap, ON));
    const poured = await within(30_000, 'all of it is taken', pour(tap, 320));
    tap.sink?.end();
    assert.equal(client.taken.length, 0);
    if (skipOpenFiles === false) assert.equal(files.open, 1);
    client.catchUp();
    assert.equal(await ends(client), 'end');
    assert.ok(client.bytes.equals(poured));
  });

  it('waits in memory where it fits', async () => {
    const tap = new Tap();
    const client = new Client(false).read(new ElasticBody(tap, ON));
    const poured = await pour(tap, 1500, 32);
    tap.sink?.end();
    assert.equal(files.open, 0);
    client.catchUp();
    assert.equal(await ends(client), 'end');
    assert.ok(client.bytes.equals(poured));
  });

  it('waits in its source where memory and file are full, and flows on when there is room', async () => {
    for (const file of [0, 200 * KIB]) {
      const tap = new Tap();
      const client = new Client(false).read(new ElasticBody(tap, { memory: 64 * KIB, file }));
      let done = false;
      const pouring = pour(tap, 100).finally(() => {
        done = true;
      });
      while (!done) {
        await new Promise(setImmediate);
        client.take();
        assert.ok(files.open <= 1);
      }
      const poured = await pouring;
      tap.sink?.end();
      client.catchUp();
      assert.equal(await ends(client), 'end');
      assert.ok(client.bytes.equals(poured));
    }
  });

  it('does not wait for more than its bounds and what is in hand', async () => {
    const file = 512 * KIB;
    const tap = new Tap();
    const client = new Client(false).read(new ElasticBody(tap, { memory: 64 * KIB, file }));
    let poured = 0;
    const stuck = (async () => {
      for (; poured < 100; poured++) await tap.push(piece(poured).toString());
    })();
    if (skipOpenFiles === false) await files.untilOpen();
    // The source is asked for more only when something is done: one more turn of everything changes nothing.
    for (let before = -1; before !== poured;) {
      before = poured;
      for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate);
    }
    assert.ok(poured * 64 * KIB <= file + 4 * 64 * KIB, `${poured} pieces were taken`);
    client.catchUp();
    await stuck;
    tap.sink?.end();
    assert.equal(await ends(client), 'end');
  });

  it('is whole, however the two come and take, and wherever it has waited', async () => {
    const bounds = fc.record({ memory: fc.nat(8 * KIB), file: fc.constantFrom(0, 100 * KIB, MIB) });
    // Sizes of pieces, and how often the client takes something before the next.
    const steps = fc.array(fc.tuple(fc.integer({ min: 1, max: 200 * KIB }), fc.nat(3)), { maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(bounds, steps, async (bound, all) => {
        const tap = new Tap();
        const body = new ElasticBody(tap, bound);
        const client = new Client(false).read(body);
        const sent: Buffer[] = [];
        for (const [i, [size, takes]] of all.entries()) {
          sent.push(piece(i, size));
          const pushed = tap.push(piece(i, size).toString());
          for (let take = 0; take < takes; take++) {
            // A connection says so whenever it has room, whether it was asked to take more or not.
            if (!client.take()) body.resume();
            await new Promise(setImmediate);
          }
          let waits = true;
          void pushed.then(() => {
            waits = false;
          });
          for (await Promise.resolve(); waits; await new Promise(setImmediate)) {
            if (!client.take()) body.resume();
          }
        }
        tap.sink?.end();
        client.catchUp();
        assert.equal(await ends(client), 'end');
        assert.ok(client.bytes.equals(Buffer.concat(sent)));
      }),
      { numRuns: 60 },
    );
  });
});

describe('answers that wait', { skip: skipOpenFiles }, () => {
  it('have so much memory of a thread together, and files past it; what they had is there for the next', async () => {
    const bounds = { memory: 16 * MIB, file: MIB };
    const begin = async (): Promise<ElasticBody> => {
      const tap = new Tap();
      const body = new ElasticBody(tap, bounds);
      new Client(false).read(body);
      await pour(tap, 2, 128 * KIB);
      return body;
    };
    for (let round = 0; round < 2; round++) {
      const bodies: ElasticBody[] = [];
      for (let count = 0; count < 200; count++) bodies.push(await begin());
      assert.equal(files.open, 0);
      while (bodies.length < 300) bodies.push(await begin());
      await files.untilOpen();
      for (const body of bodies) body.cancel();
      await files.untilNoneOpen();
    }
  });
});

describe('an answer that breaks off', () => {
  for (const pieces of [1, 20]) {
    it(`reaches the client as far as it has come, and then its failure, with ${pieces} pieces waiting`, async () => {
      const tap = new Tap();
      const client = new Client(false).read(new ElasticBody(tap, ON));
      const poured = await pour(tap, pieces);
      tap.sink?.fail(new DreamError('upstream.body-incomplete'));
      await new Promise(setImmediate);
      assert.equal(client.taken.length, 0);
      client.catchUp();
      assert.equal(await ends(client), 'upstream.body-incomplete');
      assert.ok(client.bytes.equals(poured));
    });
  }
});

describe('an answer whose client leaves', () => {
  it('is cancelled at its source, and its file closed, whatever is being done with it', async () => {
    for (const turns of [0, 1, 2, 5, 20]) {
      for (const reads of [false, true]) {
        const tap = new Tap();
        const body = new ElasticBody(tap, ON);
        const client = new Client(false).read(body);
        const pouring = pour(tap, 40);
        for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate);
        if (reads) while (client.take());
        body.cancel();
        body.cancel();
        tap.sink = undefined;
        await within(10_000, 'the source is left', tap.cancelled);
        void pouring;
        if (skipOpenFiles === false) await files.untilNoneOpen();
      }
    }
  });
});

describe('a disk', () => {
  /** All of the answer reaches the client, and the source has had to wait for it. */
  async function poursWithoutFile(): Promise<void> {
    const tap = new Tap();
    const client = new Client(false).read(new ElasticBody(tap, ON));
    let done = false;
    const pouring = pour(tap, 60).finally(() => {
      done = true;
    });
    for (let turn = 0; turn < 100; turn++) await new Promise(setImmediate);
    assert.equal(done, false, 'the source waits');
    while (!done) {
      client.take();
      await new Promise(setImmediate);
    }
    tap.sink?.end();
    client.catchUp();
    assert.equal(await ends(client), 'end');
    assert.ok(client.bytes.equals(await pouring));
  }

  it('on which no file can be made holds nothing, and nobody notices', async () => {
    files.refuse();
    await poursWithoutFile();
  });

  it('that is full holds what it holds; the rest waits in its source', { skip: skipFileLimit }, async () => {
    // In the middle of a piece.
    await withFileLimit(1000 * KIB, poursWithoutFile);
  });
});
