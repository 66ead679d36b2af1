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

  it('let a server that is named take part in whatever it can', () => {
    const of = (args: string[]): string[] => {
      const options = parseOptions(['--cells', '^proxy-0k$', ...args]);
      return idsOf(options.peers.filter((peer) => takesPart(peer, options.cells[0])));
    };
    assert.deepEqual(of([]), ['dreamserver', 'nginx', 'haproxy']);
    assert.deepEqual(of(['--peers', 'dreamserver,caddy']), ['dreamserver', 'caddy']);
  });

  it('are refused in one line that says what is taken', () => {
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
