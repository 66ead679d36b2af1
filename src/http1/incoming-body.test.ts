import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { BodySink } from '../http/body.ts';
import { IncomingBody } from './incoming-body.ts';

/** Writes down what reaches it; takes so many chunks, and is full with the one after. */
class Recorder implements BodySink {
  readonly events: string[] = [];
  room: number;

  constructor(room = Infinity) {
    this.room = room;
  }

  data(chunk: Buffer): boolean {
    this.events.push(chunk.toString());
    return this.room-- > 0;
  }

  end(): void {
    this.events.push('end');
  }

  fail({ code }: { code: string }): void {
    this.events.push(code);
  }
}

function incoming(): { body: IncomingBody; asked: () => number } {
  let asked = 0;
  const body = new IncomingBody(undefined, { continueBody: () => asked++ });
  return { body, asked: () => asked };
}

describe('the body of a message that a connection receives', () => {
  it('goes on where its sink has found room again before it says that it had none', () => {
    const { body } = incoming();
    body.flow({
      data: () => {
        body.resume();
        return false;
      },
      end: () => {},
      fail: () => {},
    });
    assert.equal(body.push(Buffer.from('a')), true);
    assert.equal(body.demand, 'flowing');
  });

  it('is read only when somebody asks for it', () => {
    const { body, asked } = incoming();
    assert.equal(body.demand, 'unclaimed');
    body.resume();
    assert.equal(asked(), 0);
    body.flow(new Recorder());
    assert.equal(body.demand, 'flowing');
    assert.equal(asked(), 1);
  });

  it('reaches its sink piece by piece, then its end', () => {
    const { body } = incoming();
    const sink = new Recorder();
    body.flow(sink);
    assert.equal(body.push(Buffer.from('a')), true);
    assert.equal(body.push(Buffer.from('b')), true);
    body.finish();
    assert.deepEqual(sink.events, ['a', 'b', 'end']);
  });

  it('pauses while the sink is full, and goes on when it has room', () => {
    const { body, asked } = incoming();
    const sink = new Recorder(0);
    body.flow(sink);
    assert.equal(body.push(Buffer.from('a')), false);
    assert.equal(body.demand, 'stalled');
    body.resume();
    assert.equal(body.demand, 'flowing');
    assert.equal(asked(), 2);
    body.resume();
    assert.equal(asked(), 2, 'nothing to resume');
  });

  it('tells of its end or its failure also whoever asks later', () => {
    const ended = incoming().body;
    ended.finish();
    const sink = new Recorder();
    ended.flow(sink);
    const failed = incoming().body;
    failed.fail('client.gone');
    failed.flow(sink);
    assert.deepEqual(sink.events, ['end', 'client.gone']);
  });

  it('fails once, and nothing comes after it', () => {
    const { body } = incoming();
    const sink = new Recorder();
    body.flow(sink);
    body.fail('http1.body.incomplete');
    body.push(Buffer.from('late'));
    body.finish();
    assert.deepEqual(sink.events, ['http1.body.incomplete']);
  });

  it('that nobody wants is discarded: the sink hears no more of it', () => {
    const { body, asked } = incoming();
    const sink = new Recorder();
    body.flow(sink);
    body.cancel();
    body.cancel();
    assert.equal(body.demand, 'discarding');
    assert.equal(asked(), 2);
    assert.equal(body.push(Buffer.from('a')), true);
    body.finish();
    assert.deepEqual(sink.events, []);
  });

  it('is no business of its connection any more, once it has ended or failed', () => {
    const ended = incoming();
    ended.body.flow(new Recorder());
    ended.body.finish();
    const failed = incoming();
    failed.body.flow(new Recorder());
    failed.body.fail('client.gone');
    for (const { body, asked } of [ended, failed]) {
      body.cancel();
      body.resume();
      assert.equal(asked(), 1);
    }
  });

  it('may be cancelled by its sink while it takes a piece', () => {
    const { body } = incoming();
    body.flow({
      data() {
        body.cancel();
        return false;
      },
      end: () => assert.fail('ended'),
      fail: () => assert.fail('failed'),
    });
    assert.equal(body.push(Buffer.from('a')), true, 'what is discarded does not pause');
    body.finish();
  });
});
