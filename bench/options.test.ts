import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { cells } from './cells/index.ts';
import { parseOptions } from './options.ts';
import { peers, takesPart } from './peers/index.ts';

const idsOf = (items: readonly { id: string }[]): string[] => items.map(({ id }) => id);

describe('the options of the bench', () => {
  it('take all cells and all servers, and write the page, where nothing is said', () => {
    const options = parseOptions([]);
    assert.deepEqual(idsOf(options.cells), idsOf(cells));
    assert.deepEqual(options.peers, peers);
    assert.equal(options.write, true);
    assert.ok(options.effort.slices >= 6, 'fewer have no interval of 95 %');
  });

  it('write no page from a part of it', () => {
    assert.equal(parseOptions(['--cells', '^file-1k$']).write, false);
    assert.equal(parseOptions(['--quick']).write, false);
    assert.equal(parseOptions(['--quick', '--write']).write, true);
    assert.equal(parseOptions(['--json', 'x.json']).write, true);
  });

  it('let the floor take part where it is asked for', () => {
    assert.ok(!idsOf(parseOptions([]).peers).includes('floor'));
    assert.ok(idsOf(parseOptions(['--floor']).peers).includes('floor'));
  });

  it('let a server that is named take part in whatever it can', () => {
    const of = (args: string[]): string[] => {
      const options = parseOptions(['--cells', '^proxy-0k$', ...args]);
      return idsOf(options.peers.filter((peer) => takesPart(peer, options.cells[0])));
    };
    assert.deepEqual(of([]), ['dreamserver', 'nginx', 'haproxy']);
    assert.deepEqual(of(['--peers', 'dreamserver,caddy']), ['dreamserver', 'caddy']);
  });

  it('have DreamServer take part once more, in another environment', () => {
    const { peers: those, cells: asked } = parseOptions(['--cells', '^file-1k$', '--with', 'A=b=c']);
    const others = those.filter((peer) => takesPart(peer, asked[0])).filter((peer) => !peers.includes(peer));
    assert.deepEqual(
      others.map(({ title }) => title),
      ['with A=b=c'],
    );
  });

  it('are refused in one line that says what is taken', () => {
    assert.throws(() => parseOptions(['--with', 'A']), /--with takes NAME=VALUE, not A/);
    assert.throws(() => parseOptions(['--cells', 'nothing']), /matches no cell/);
    assert.throws(() => parseOptions(['--peers', 'apache']), /there is no apache/);
    assert.throws(
      () => parseOptions(['--slices', '0']),
      /--slices takes a whole number from 1 to 100, not 0/,
    );
  });
});

describe('the cells of the bench', () => {
  it('have ids of their own', () => {
    assert.equal(new Set(idsOf(cells)).size, cells.length);
  });

  it('each have DreamServer and nginx in them', () => {
    for (const cell of cells) {
      const field = idsOf(peers.filter((peer) => takesPart(peer, cell)));
      assert.ok(field.includes('dreamserver') && field.includes('nginx'), cell.id);
    }
  });
});
