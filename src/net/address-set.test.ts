import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AddressSet } from './address-set.ts';

describe('a set of addresses', () => {
  it('holds single addresses and ranges of both families', () => {
    const set = new AddressSet(['192.0.2.1', '10.0.0.0/8', '2001:db8::/32', '::1', '203.0.113.4/32']);
    for (const address of ['192.0.2.1', '10.0.0.0', '10.255.255.255', '2001:db8::1', '::1', '203.0.113.4']) {
      assert.equal(set.has(address), true, address);
    }
    for (const address of ['192.0.2.2', '11.0.0.0', '9.255.255.255', '2001:db9::1', '::2', '203.0.113.5']) {
      assert.equal(set.has(address), false, address);
    }
  });

  it('holds everybody of a family in a range of no bits', () => {
    const set = new AddressSet(['0.0.0.0/0']);
    assert.equal(set.has('203.0.113.9'), true);
    assert.equal(set.has('2001:db8::1'), false);
  });

  it('knows an address however it is spelled', () => {
    const set = new AddressSet(['2001:DB8:0::1', '192.0.2.1']);
    assert.equal(set.has('2001:db8::1'), true);
    assert.equal(set.has('::ffff:192.0.2.1'), true);
  });

  it('holds nothing that is no address: the peer of a unix socket is not among the trusted', () => {
    const set = new AddressSet(['0.0.0.0/0', '::/0']);
    for (const text of ['unix', '', 'localhost', '10.0.0.0/8']) assert.equal(set.has(text), false, text);
    assert.equal(new AddressSet([]).has('127.0.0.1'), false);
  });

  it('is not made of what is no address or range', () => {
    for (const range of [
      '',
      'localhost',
      '10.0.0',
      '10.0.0.0/33',
      '::/129',
      '10.0.0.0/x',
      '10.0.0.0/',
      '10.0.0.0/-1',
      '10.0.0.0/8/8',
      '10.0.0.0/1.5',
    ]) {
      assert.throws(() => new AddressSet([range]), range);
    }
  });
});
