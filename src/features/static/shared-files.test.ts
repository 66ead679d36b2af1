import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { BodySink, BodySource, HeadPieces } from '../../http/body.ts';
import { FileRecords } from './file-records.ts';
import type { FileVersion } from './file-version.ts';
import { KeptBytes } from './kept-bytes.ts';
import { FileIds } from './file-ids.ts';
import { HEAD_ROOM } from './record-layout.ts';
import { SharedFiles } from './shared-files.ts';

const SIZE = 2 ** 20;
const seed = Int32Array.of(1, 2, 3, 4);
const fileId = (scope: string, name: string, coding?: string) => new FileIds(scope, seed).of(name, coding);

function open(size = SIZE, entries = 100): SharedFiles {
  return new SharedFiles(FileRecords.memory({ size, entries }));
}

function version(size: number, mtimeMs = 1): FileVersion {
  return { dev: 1, ino: 2, size, mtimeMs, ctimeMs: 3 };
}

const known = { etag: '"tag"', settled: true, freshUntil: 1000, changes: 0 };

/** Content that tells by each byte whose it is. */
const content = (name: string, size: number): Buffer => Buffer.alloc(size, `${name} ${size};`);

/** The size of a file that takes all the room. */
const largestIn = ({ size }: SharedFiles): number => size - HEAD_ROOM;

/** Take a file in; undefined where there is no room. */
function put(files: SharedFiles, name: string, size: number, mtimeMs?: number): KeptBytes | undefined {
  const room = files.reserve(fileId('root', name), version(size, mtimeMs));
  if (room === undefined) return undefined;
  content(name, size).copy(room.view);
  return room.keep(known);
}

/** Its bytes, where they are there; they have to be right. */
function bytesOf(files: SharedFiles, name: string): Buffer | undefined {
  const found = files.find(fileId('root', name));
  const bytes = found?.bytes?.copy();
  if (found !== undefined && bytes !== undefined) {
    assert.ok(bytes.equals(content(name, found.version.size)), `the bytes of ${name} are others`);
  }
  return bytes;
}

const headOf = (beginning: string, date = '', id = '', end = ''): HeadPieces => [beginning, date, id, end];

/** A sink that takes nothing for now. */
const stuck: BodySink = { data: () => false, end: () => {}, fail: () => {} };

/** Flow into a sink that takes all or nothing; answers what was lent. */
function flowed(body: BodySource | undefined, takes: boolean): Buffer | undefined {
  let lent: Buffer | undefined;
  const data = (view: Buffer): boolean => {
    lent = view;
    return takes;
  };
  body?.flow({ ...stuck, data });
  return lent;
}

suite('files in shared memory', () => {
  test('what is asked for again is told from what was not, for as many questions as there are files', () => {
    const files = open(SIZE, 1000);
    const isRecent = (name: string): boolean | undefined => files.find(fileId('root', name))?.recent;
    for (let i = 0; i < 100; i++) put(files, `/${i}`, 1000);
    assert.equal(isRecent('/99'), true);
    for (let i = 0; i < 99; i++) isRecent(`/${i}`);
    assert.equal(isRecent('/99'), true);
    for (let i = 0; i < 100; i++) isRecent(`/${i % 50}`);
    assert.equal(isRecent('/99'), false);
    assert.equal(isRecent('/99'), true);
  });

  test('are found by every thread, with all that is known of them', () => {
    const memory = FileRecords.memory({ size: SIZE, entries: 100 });
    put(new SharedFiles(memory), '/a.txt', 3000);
    const other = new SharedFiles(memory);
    const found = other.find(fileId('root', '/a.txt'));
    assert.deepEqual(found?.version, version(3000));
    assert.equal(found.etag, '"tag"');
    assert.equal(found.settled, true);
    assert.ok(Math.abs(found.freshUntil - 1000) < 0.01);
    assert.ok(found.bytes?.copy()?.equals(content('/a.txt', 3000)));
    assert.equal(other.find(fileId('root', '/b.txt')), undefined);
    assert.equal(other.find(fileId('other root', '/a.txt')), undefined);
    assert.equal(other.find(fileId('root', '/a.txt', 'br')), undefined);
  });

  test('are not seen before they are there, nor brought by two', () => {
    const files = open();
    const id = fileId('root', '/a');
    const room = files.reserve(id, version(10));
    assert.equal(files.find(id), undefined);
    assert.equal(files.reserve(id, version(10)), undefined);
    room?.keep(known);
    assert.ok(files.find(id)?.bytes !== undefined);
    assert.equal(files.reserve(id, version(10)), undefined);
  });

  test('that could not be read are not there', () => {
    const files = open();
    files.reserve(fileId('root', '/a'), version(10))?.giveUp();
    assert.equal(files.find(fileId('root', '/a')), undefined);
    assert.ok(put(files, '/a', 10));
  });

  test('the bytes of a version are gone when the next one is there', () => {
    const files = open();
    const old = put(files, '/a', 10, 1);
    const newer = put(files, '/a', 20, 2);
    assert.equal(old?.copy(), undefined);
    assert.equal(newer?.copy()?.length, 20);
    assert.equal(files.find(fileId('root', '/a'))?.version.mtimeMs, 2);
  });

  test('that are not settled are read again, though they look the same', () => {
    const files = open();
    const room = files.reserve(fileId('root', '/a'), version(10));
    room?.keep({ ...known, settled: false });
    assert.ok(files.reserve(fileId('root', '/a'), version(10)) !== undefined);
  });
});

suite('room', () => {
  test('is made by letting go of bytes that nobody asked for; what is known of the file stays', () => {
    const files = open(SIZE, 1000);
    const names = Array.from({ length: 300 }, (_, i) => `/${i}`);
    for (const name of names) {
      assert.ok(put(files, name, 10_000));
      assert.ok(bytesOf(files, '/0') !== undefined, 'what is asked for all the time has gone');
    }
    const there = names.filter((name) => bytesOf(files, name) !== undefined);
    assert.ok(there.length > 60 && there.length < 105, `${there.length} of 10 KB in 1 MiB`);
    for (const name of names) assert.equal(files.find(fileId('root', name))?.etag, '"tag"');
  });

  test('is not made of what is being sent, however long that takes', () => {
    const files = open(SIZE, 1000);
    const body = put(files, '/sent', 200_000)?.body(0, 200_000);
    let view: Buffer | undefined;
    body?.flow({
      ...stuck,
      data(chunk) {
        view = chunk;
        return false;
      },
    });
    for (let i = 0; i < 500; i++) put(files, `/${i}`, 30_000);
    assert.ok(view?.equals(content('/sent', 200_000)));
    assert.ok(bytesOf(files, '/sent') !== undefined);
    body?.resume();
    for (let i = 0; i < 500; i++) put(files, `/more ${i}`, 30_000);
    assert.equal(bytesOf(files, '/sent'), undefined);
  });

  test('of a replaced version is used again when the last one who sends it is done', () => {
    const files = open(SIZE, 1000);
    const half = Math.floor(files.size * 0.6);
    const old = put(files, '/a', half, 1);
    const bodies = [old?.body(0, 10), old?.body(10, 10)];
    for (const body of bodies) body?.flow(stuck);
    assert.equal(put(files, '/a', half, 2), undefined);
    bodies[0]?.resume();
    assert.equal(put(files, '/a', half, 2), undefined);
    bodies[1]?.resume();
    assert.ok(put(files, '/a', half, 2) !== undefined);
  });

  test('is not there for what is larger than all of it', () => {
    const files = open();
    assert.equal(put(files, '/large', files.size + 1), undefined);
    assert.ok(put(files, '/small', 10));
  });

  test('for records is made as well, and is bounded', () => {
    const files = open(SIZE, 50);
    for (let i = 0; i < 1000; i++) {
      assert.ok(put(files, `/${i}`, 10));
      assert.ok(files.find(fileId('root', '/0')), 'what is asked for all the time has gone');
    }
    let found = 0;
    for (let i = 0; i < 1000; i++) if (files.find(fileId('root', `/${i}`)) !== undefined) found++;
    assert.ok(found > 10 && found <= 50, `${found} of 50`);
  });

  test('a hundred thousand random steps mix nothing up, and lose nothing', () => {
    const files = open(SIZE, 200);
    const lent: { body: { resume(): void }; view: Buffer; expected: Buffer }[] = [];
    let state = 7;
    const random = (below: number): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    for (let step = 0; step < 100_000; step++) {
      const name = `/${random(400)}`;
      const found = files.find(fileId('root', name));
      const size = 1 + random(random(10) === 0 ? 60_000 : 6000);
      const doing = random(10);
      if (doing < 4) {
        put(files, name, size, step);
      } else if (doing < 5) {
        files.reserve(fileId('root', name), version(size, step))?.giveUp();
      } else if (found?.bytes !== undefined && lent.length < 10) {
        const body = found.bytes.body(0, found.version.size);
        const bytes = content(name, found.version.size);
        const head = headOf(`head of ${name}, step `, ['now', 'then'][random(2)], `${step}`);
        const behind = random(2) === 0 ? body?.flowBehind(head, stuck) : undefined;
        const view = behind ?? flowed(body, false);
        const expected = behind === undefined ? bytes : Buffer.from(`${head.join('')}${bytes.toString()}`);
        if (body !== undefined && view !== undefined) lent.push({ body, view, expected });
      } else if (lent.length > 0) {
        const [{ body, view, expected }] = lent.splice(random(lent.length), 1);
        assert.ok(view.equals(expected), 'bytes changed while they were lent');
        body.resume();
      }
    }
    for (const { body } of lent) body.resume();
    // Nobody holds anything now, so all of the memory can be had again.
    for (let tries = 0; put(files, '/all', largestIn(files), tries) === undefined; tries++)
      assert.ok(tries < 20);
  });
});

suite('a body behind a head', () => {
  const head = headOf('HTTP/1.1 200 OK\r\n');
  const ended = () => ({
    ...stuck,
    ends: 0,
    end(): void {
      this.ends++;
    },
  });

  test('is one piece with it, and ends when that is taken', () => {
    const files = open();
    const bytes = put(files, '/a', 5000);
    for (const each of [head, headOf('another, longer head: '), head]) {
      const sink = ended();
      const body = bytes?.body(0, 5000);
      const message = body?.flowBehind(each, sink);
      assert.deepEqual(message, Buffer.concat([Buffer.from(each.join('')), content('/a', 5000)]));
      assert.equal(sink.ends, 0);
      body?.resume();
      assert.equal(sink.ends, 1);
    }
    assert.deepEqual(bytesOf(files, '/a'), content('/a', 5000));
  });

  test('has its own, whichever stood there before, and whoever wrote that', () => {
    const memory = FileRecords.memory({ size: SIZE, entries: 100 });
    const mine = put(new SharedFiles(memory), '/a', 5000);
    const others = new SharedFiles(memory).find(fileId('root', '/a'))?.bytes;
    const pick = <T>(step: number, ...from: T[]): T => from[step % from.length];
    for (let step = 0; step < 1000; step++) {
      const date = pick(step >> 2, 'today; ', 'later; ');
      const id = pick(step >> 3, '1', '2', '34', '5');
      const each = headOf(pick(step >> 5, 'one; ', 'two; ', 'three; '), date, id, '!');
      const body = pick(step >> 1, mine, mine, others)?.body(0, 5000);
      const message = body?.flowBehind(each, stuck);
      assert.deepEqual(message, Buffer.concat([Buffer.from(each.join('')), content('/a', 5000)]));
      body?.resume();
    }
  });

  test('flows where the bytes are lent to another one, whose head stands before them', () => {
    const files = open();
    const bytes = put(files, '/a', 5000);
    const first = bytes?.body(0, 5000);
    const message = first?.flowBehind(head, stuck);
    const before = Buffer.from(message as Buffer);
    const second = bytes?.body(0, 5000);
    assert.equal(second?.flowBehind(headOf('another: '), stuck), undefined);
    first?.resume();
    // The second one still has them, though the first has not.
    const third = bytes?.body(0, 5000);
    assert.equal(third?.flowBehind(headOf('another: '), stuck), undefined);
    assert.deepEqual(flowed(second, true), content('/a', 5000));
    assert.deepEqual(message, before);
    third?.cancel();
    assert.notEqual(bytes?.body(0, 5000)?.flowBehind(head, stuck), undefined);
  });

  test('flows where there is no room for the head, and where only a part is wanted', () => {
    const files = open();
    const bytes = put(files, '/a', 5000);
    const fits = 'x'.repeat(HEAD_ROOM);
    for (const [length, each] of [
      [4999, head],
      [5000, headOf(fits, 'x')],
    ] as const) {
      const body = bytes?.body(0, length);
      assert.equal(body?.flowBehind(each, stuck), undefined);
      body?.cancel();
    }
    const body = bytes?.body(0, 5000);
    assert.equal(body?.flowBehind(headOf(fits), stuck)?.length, fits.length + 5000);
    body?.resume();
  });

  test("lies above what is another file's, whatever the head", () => {
    const files = open();
    const names = Array.from({ length: 100 }, (_, i) => `/${i}`);
    for (const name of names) put(files, name, 2049);
    for (const name of names) {
      const body = files.find(fileId('root', name))?.bytes?.body(0, 2049);
      assert.ok(body?.flowBehind(headOf('x'.repeat(HEAD_ROOM)), stuck));
      body?.resume();
    }
    for (const name of names) assert.ok(bytesOf(files, name));
  });
});

suite('a body that is cancelled', () => {
  test('before it flows lets go of the bytes', () => {
    const files = open();
    const whole = largestIn(files);
    put(files, '/a', whole)?.body(0, 10)?.cancel();
    assert.ok(put(files, '/b', whole));
  });

  for (const head of [undefined, 'head: ']) {
    const title = `while its bytes are being written${head === undefined ? '' : ' behind a head'}`;
    test(`${title} keeps them until nobody has them in hand`, async () => {
      const { setFlagsFromString } = await import('node:v8');
      const { runInNewContext } = await import('node:vm');
      setFlagsFromString('--expose-gc');
      const collect = runInNewContext('gc') as () => void;
      const files = open();
      const written: { view: Buffer | undefined } = { view: undefined };
      const whole = largestIn(files);
      const bytes = put(files, '/a', whole);
      const body = bytes?.body(0, whole);
      written.view = head === undefined ? flowed(body, false) : body?.flowBehind(headOf(head), stuck);
      const before = Buffer.from(written.view as Buffer);
      body?.cancel();
      const next = bytes?.body(0, whole);
      assert.equal(next?.flowBehind(headOf('another: '), stuck), undefined);
      next?.cancel();
      for (let turns = 0; turns < 3; turns++) {
        collect();
        await new Promise(setImmediate);
        assert.equal(put(files, '/b', whole), undefined);
      }
      assert.ok(written.view?.equals(before));
      written.view = undefined;
      while (put(files, '/b', whole) === undefined) {
        collect();
        await new Promise(setImmediate);
      }
    });
  }
});
