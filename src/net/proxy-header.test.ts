import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cutsOf } from '../../test/support/in-pieces.ts';
import type { Peer } from '../core/peer.ts';
import { encodeProxyHeader } from './encode-proxy-header.ts';
import { NEED_MORE, ProxyHeaderParser, REFUSED, V2_MOST, V2_SIGNATURE } from './proxy-header.ts';
import type { ProxiedAddresses } from './proxy-header.ts';

const REQUEST = 'GET / HTTP/1.1\r\n';
const FROM_TO_4: ProxiedAddresses = {
  source: { address: '192.0.2.1', port: 56324 },
  destination: { address: '198.51.100.7', port: 443 },
};
const FROM_TO_6: ProxiedAddresses = {
  source: { address: '2001:db8::1', port: 65535 },
  destination: { address: '2001:db8::2', port: 0 },
};

type Outcome = 'more' | { refused: string } | { header: string; addresses: ProxiedAddresses | undefined };

/** What a header comes to, cut in every way; always the same. */
function outcomeOf(text: string): Outcome {
  const bytes = Buffer.from(text, 'latin1');
  const attempt = (ends: readonly number[]): Outcome => {
    const parser = new ProxyHeaderParser();
    for (const end of ends) {
      // What is behind the bytes that have come is no business of the parser's.
      const come = Buffer.concat([bytes.subarray(0, end), Buffer.alloc(9, 0xff)]);
      const consumed = parser.parse(come, end);
      if (consumed === REFUSED) return { refused: parser.error };
      if (consumed !== NEED_MORE) {
        return { header: text.slice(0, consumed), addresses: parser.addresses };
      }
    }
    return 'more';
  };
  const [whole, ...others] = cutsOf(bytes.length);
  const outcome = attempt(whole);
  for (const ends of others)
    assert.deepEqual(attempt(ends), outcome, `${JSON.stringify(text)} cut at ${ends[0]}`);
  return outcome;
}

const v2 = (command: number, family: number, body: readonly number[], size = body.length): string =>
  Buffer.from([...V2_SIGNATURE, command, family, size >> 8, size & 0xff, ...body]).toString('latin1');
const ADDRESSES_4 = [192, 0, 2, 1, 198, 51, 100, 7, 0xdc, 0x04, 0x01, 0xbb];
const ADDRESSES_6 = Array.from(
  Buffer.from(`20010db8${'0'.repeat(22)}0120010db8${'0'.repeat(22)}02ffff0000`, 'hex'),
);

describe('the header of the PROXY protocol, version 1', () => {
  const accepted: readonly (readonly [string, ProxiedAddresses | undefined])[] = [
    ['PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\r\n', FROM_TO_4],
    ['PROXY TCP6 2001:db8::1 2001:DB8:0:0:0:0:0:2 65535 0\r\n', FROM_TO_6],
    ['PROXY TCP6 ::ffff:192.0.2.1 0:0:0:0:0:ffff:c633:6407 56324 443\r\n', FROM_TO_4],
    ['PROXY UNKNOWN\r\n', undefined],
    ['PROXY UNKNOWN ffff:f...f:ffff whatever\r\n', undefined],
  ];
  for (const [header, addresses] of accepted) {
    it(`tells whose connection it is: ${header.trim()}`, () => {
      assert.deepEqual(outcomeOf(header + REQUEST), { header, addresses });
      assert.equal(outcomeOf(header.slice(0, -1)), 'more');
    });
  }

  for (const header of [
    'GET / HTTP/1.1\r\n',
    'POST / HTTP/1.1\r\n',
    'proxy TCP4 192.0.2.1 198.51.100.7 1 2\r\n',
    'PROXY  TCP4 192.0.2.1 198.51.100.7 1 2\r\n',
    'PROXY TCP4 192.0.2.1  198.51.100.7 1 2\r\n',
    'PROXY TCP4 192.0.2.1 198.51.100.7 1 2 \r\n',
    'PROXY TCP4 192.0.2.1 198.51.100.7 1\r\n',
    'PROXY TCP4 192.0.2.1 198.51.100.7 1 2\n',
    'PROXY TCP4 192.0.2.1 198.51.100.7 1 2\r\r\n',
    'PROXY TCP4 192.0.2.1 198.51.100.7 1 65536\r\n',
    'PROXY TCP4 192.0.2.1 198.51.100.7 01 2\r\n',
    'PROXY TCP4 192.0.2.1 198.51.100.7 -1 2\r\n',
    'PROXY TCP4 192.0.2.256 198.51.100.7 1 2\r\n',
    'PROXY TCP4 2001:db8::1 198.51.100.7 1 2\r\n',
    'PROXY TCP6 192.0.2.1 198.51.100.7 1 2\r\n',
    'PROXY TCP6 fe80::1%eth0 fe80::2 1 2\r\n',
    'PROXY TCP4 example.com 198.51.100.7 1 2\r\n',
    'PROXY UDP4 192.0.2.1 198.51.100.7 1 2\r\n',
    'PROXY UNKNOWNX\r\n',
    'PROXY \r\n',
    'PROXY TCP4 192.0.2.1\0 198.51.100.7 1 2\r\n',
  ]) {
    it(`is nothing else: ${JSON.stringify(header)}`, () => {
      assert.deepEqual(outcomeOf(header + REQUEST), { refused: 'proxy-protocol.malformed' });
    });
  }

  it('has 107 bytes at the most', () => {
    const longest = `PROXY UNKNOWN ${'x'.repeat(91)}\r\n`;
    assert.equal(longest.length, 107);
    assert.deepEqual(outcomeOf(longest), { header: longest, addresses: undefined });
    const longer = `PROXY UNKNOWN ${'x'.repeat(92)}\r\n`;
    assert.deepEqual(outcomeOf(longer), { refused: 'proxy-protocol.too-large' });
  });
});

describe('the header of the PROXY protocol, version 2', () => {
  const TLVS = [0x04, 0, 2, 1, 2, 0x20, 0, 5, 1, 0, 0, 0, 0];
  const accepted: readonly (readonly [string, string, ProxiedAddresses | undefined])[] = [
    ['TCP over IPv4', v2(0x21, 0x11, ADDRESSES_4), FROM_TO_4],
    ['TCP over IPv6', v2(0x21, 0x21, ADDRESSES_6), FROM_TO_6],
    ['extensions, which are passed over', v2(0x21, 0x11, [...ADDRESSES_4, ...TLVS]), FROM_TO_4],
    ['LOCAL', v2(0x20, 0x00, []), undefined],
    ['LOCAL with addresses, which mean nothing', v2(0x20, 0x11, ADDRESSES_4), undefined],
    ['LOCAL with anything', v2(0x20, 0xff, TLVS), undefined],
    ['no family', v2(0x21, 0x00, TLVS), undefined],
    ['a unix socket', v2(0x21, 0x31, Array<number>(216).fill(1)), undefined],
    ['UDP', v2(0x21, 0x12, ADDRESSES_4), undefined],
  ];
  for (const [what, header, addresses] of accepted) {
    it(`tells whose connection it is: ${what}`, () => {
      assert.deepEqual(outcomeOf(header + REQUEST), { header, addresses });
      assert.equal(outcomeOf(header.slice(0, -1)), 'more');
    });
  }

  for (const [what, header] of [
    ['another signature', `\r\n\r\n\0\r\nQUIT\r${REQUEST}`],
    ['version 1', v2(0x11, 0x11, ADDRESSES_4)],
    ['version 3', v2(0x31, 0x11, ADDRESSES_4)],
    ['an unknown command', v2(0x22, 0x11, ADDRESSES_4)],
    ['an unknown family', v2(0x21, 0x41, ADDRESSES_4)],
    ['an unknown transport', v2(0x21, 0x13, ADDRESSES_4)],
    ['fewer bytes than IPv4 addresses have', v2(0x21, 0x11, ADDRESSES_4.slice(0, -1))],
    ['fewer bytes than IPv6 addresses have', v2(0x21, 0x21, ADDRESSES_4)],
  ]) {
    it(`is nothing else: ${what}`, () => {
      assert.deepEqual(outcomeOf(header + REQUEST), { refused: 'proxy-protocol.malformed' });
    });
  }

  it('is refused for its length before that has come', () => {
    const most = V2_MOST - 16;
    assert.equal(outcomeOf(v2(0x21, 0x11, ADDRESSES_4, most)), 'more');
    assert.deepEqual(outcomeOf(v2(0x21, 0x11, ADDRESSES_4, most + 1)), {
      refused: 'proxy-protocol.too-large',
    });
    assert.deepEqual(outcomeOf(v2(0x20, 0x00, [], 0xffff)), { refused: 'proxy-protocol.too-large' });
  });
});

describe('the header that we send', () => {
  const peer = (address: string, port: number, destination?: Peer['destination']): Peer => ({
    address,
    port,
    secure: false,
    destination,
  });

  for (const version of ['v1', 'v2'] as const) {
    it(`is read as it was meant (${version})`, () => {
      const wide = {
        source: { address: '::', port: 1 },
        destination: { address: '1:2:3:4:5:6:7:8', port: 2 },
      };
      const odd = {
        source: { address: '::ffff:c000:201', port: 1 },
        destination: { address: '64:ff9b::1.2.3.4', port: 2 },
      };
      const plain = {
        source: { address: '192.0.2.1', port: 1 },
        destination: { address: '64:ff9b::102:304', port: 2 },
      };
      for (const [sent, read] of [
        [FROM_TO_4, FROM_TO_4],
        [FROM_TO_6, FROM_TO_6],
        [wide, wide],
        [odd, plain],
      ]) {
        const header = encodeProxyHeader(
          version,
          peer(sent.source.address, sent.source.port, sent.destination),
        );
        assert.deepEqual(outcomeOf(header), { header, addresses: read });
      }
    });

    it(`has addresses of one family (${version})`, () => {
      const mixed = peer('192.0.2.1', 1, { address: '2001:db8::1', port: 2 });
      assert.deepEqual(outcomeOf(encodeProxyHeader(version, mixed)), {
        header: encodeProxyHeader(version, mixed),
        addresses: {
          source: { address: '192.0.2.1', port: 1 },
          destination: { address: '2001:db8::1', port: 2 },
        },
      });
    });

    it(`says nothing of a client on a unix socket, or of nobody (${version})`, () => {
      for (const client of [peer('unix', 0), peer('192.0.2.1', 1), undefined]) {
        const header = encodeProxyHeader(version, client);
        assert.deepEqual(outcomeOf(header), { header, addresses: undefined });
      }
    });
  }

  it('is the line that the specification gives', () => {
    const client = peer('192.0.2.1', 56324, FROM_TO_4.destination);
    assert.equal(encodeProxyHeader('v1', client), 'PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\r\n');
    assert.equal(encodeProxyHeader('v2', client), v2(0x21, 0x11, ADDRESSES_4));
    assert.equal(encodeProxyHeader('v1', undefined), 'PROXY UNKNOWN\r\n');
    assert.equal(encodeProxyHeader('v2', undefined), v2(0x20, 0x00, []));
  });
});
