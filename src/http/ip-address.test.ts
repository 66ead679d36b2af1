import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ipAddress, nodeAddress } from './ip-address.ts';

describe('an IP address', () => {
  it('has one form: the shortest', () => {
    for (const [text, address] of [
      ['192.0.2.1', '192.0.2.1'],
      ['255.255.255.255', '255.255.255.255'],
      ['0.0.0.0', '0.0.0.0'],
      ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
      ['::1', '::1'],
      ['::', '::'],
      ['::ffff:127.0.0.1', '127.0.0.1'],
      ['::FFFF:c000:201', '192.0.2.1'],
      ['64:ff9b::192.0.2.1', '64:ff9b::c000:201'],
    ]) {
      assert.equal(ipAddress(text), address, text);
    }
  });

  it('is nothing that only resembles one', () => {
    for (const text of [
      '',
      'unknown',
      '1.2.3',
      '1.2.3.4.5',
      '1.2.3.4.',
      '256.0.0.1',
      '01.2.3.4',
      '0x7f.0.0.1',
      '2130706433',
      '1.2.3.4:80',
      '[::1]',
      '::1%eth0',
      ':::1',
      '1:2:3:4:5:6:7:8:9',
      'fe80::g',
      ' 1.2.3.4',
      '::1]/@evil[',
    ]) {
      assert.equal(ipAddress(text), undefined, text);
    }
  });
});

describe('the address of a node', () => {
  it('may have a port, and brackets around IPv6', () => {
    for (const [node, address] of [
      ['192.0.2.1', '192.0.2.1'],
      ['192.0.2.1:4711', '192.0.2.1'],
      ['192.0.2.1:_port', '192.0.2.1'],
      ['2001:db8::1', '2001:db8::1'],
      ['[2001:db8::1]', '2001:db8::1'],
      ['[2001:db8::1]:4711', '2001:db8::1'],
      ['[::ffff:192.0.2.1]:80', '192.0.2.1'],
    ]) {
      assert.equal(nodeAddress(node), address, node);
    }
  });

  it('is not told by who hides it, nor by nonsense', () => {
    for (const node of [
      'unknown',
      '_hidden',
      '',
      '192.0.2.1:',
      '192.0.2.1:x',
      '[::1',
      '::1]',
      '[1.2.3.4.5]',
      'a.example:80',
    ]) {
      assert.equal(nodeAddress(node), undefined, node);
    }
  });
});
