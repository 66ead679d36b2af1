import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { exchangeOf } from '../../test/support/exchange.ts';
import { get } from '../../test/support/message.ts';

describe('an exchange', () => {
  it('has an id of its own', () => {
    const [one, two] = [exchangeOf(get('/')), exchangeOf(get('/'))];
    assert.match(one.id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.notEqual(one.id, two.id);
  });

  it('knows what its route stands for, once it has one', () => {
    const exchange = exchangeOf(get('/api/x'));
    assert.equal(exchange.params.rest, '');
    exchange.route = { rest: (path) => path.slice('/api/'.length) };
    assert.equal(exchange.params.rest, 'x');
  });

  it('tells once that the client has gone, by the listener, by the signal, and to who asks', () => {
    const exchange = exchangeOf(get('/'));
    const told: string[] = [];
    exchange.onAbort(() => told.push('listener'));
    exchange.signal.addEventListener('abort', () => told.push('signal'));
    assert.equal(exchange.aborted, false);
    exchange.abort();
    exchange.abort();
    assert.deepEqual(told, ['listener', 'signal']);
    assert.equal(exchange.aborted, true);
  });

  it('tells by the signal also who asks for it too late', () => {
    const exchange = exchangeOf(get('/'));
    exchange.abort();
    assert.equal(exchange.signal.aborted, true);
  });

  it('tells only the last listener: the one slot is for who makes the answer', () => {
    const exchange = exchangeOf(get('/'));
    exchange.onAbort(() => assert.fail('told'));
    exchange.onAbort(undefined);
    exchange.abort();
  });

  it('that is derived has another head, and is the same exchange for the client', () => {
    const exchange = exchangeOf(get('/a'));
    exchange.route = { rest: (path) => path.slice(1) };
    const derived = exchange.derive({ ...exchange.request, path: '/b' });
    const again = derived.derive(derived.request);
    assert.deepEqual([exchange.request.path, again.request.path, again.params.rest], ['/a', '/b', 'b']);
    assert.deepEqual([again.id, again.startedAt], [exchange.id, exchange.startedAt]);
    let told = 0;
    again.onAbort(() => told++);
    exchange.abort();
    assert.deepEqual([told, again.aborted, derived.signal.aborted], [1, true, true]);
    again.answeredBy('a.example');
    assert.equal(exchange.upstream, 'a.example');
  });
});
