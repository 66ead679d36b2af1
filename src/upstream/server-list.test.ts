import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { upstreamServer } from '../../test/support/proxy-server.ts';
import type { UpstreamServer } from './schema.ts';
import { ServerList } from './server-list.ts';
import type { AdminState, ServerCommand } from './server-list.ts';

const plain = upstreamServer('http://10.0.0.1', 5);
const name = upstreamServer('http://app.test:8000', 2);
/** Addresses of the name. */
const [first, second] = ['http://10.0.0.2:8000', 'http://10.0.0.3:8000'].map((url): UpstreamServer => ({
  ...name,
  url,
  foundFor: name.url,
}));

let list: ServerList;
beforeEach(() => {
  list = new ServerList([plain, name]);
});

const apply = (...commands: ServerCommand[]): void => {
  for (const each of commands) list.apply(each);
};
const put = ({ url }: UpstreamServer, state: AdminState): void => list.apply({ type: 'state', url, state });
const weigh = ({ url }: UpstreamServer, weight: number): void => list.apply({ type: 'weight', url, weight });
const urls = (): string[] => list.servers.map(({ url }) => url);

/** What holds for both addresses of the name. */
const states = (): string => [first, second].map((each) => list.stateOf(each)).join(' ');
const weights = (): string => [first, second].map((each) => list.weighted(each).weight).join(' ');

describe('a list of servers', () => {
  it('is what the configuration has, all of them enabled, with their weights', () => {
    assert.deepEqual(urls(), [plain.url, name.url]);
    assert.equal(list.stateOf(plain), 'enabled');
    assert.equal(list.weighted(plain), plain);
    assert.equal(states(), 'enabled enabled');
    assert.equal(weights(), '2 2');
  });

  it('goes from each state to each', () => {
    const all: readonly AdminState[] = ['enabled', 'draining', 'disabled'];
    for (const from of all) {
      for (const to of all) {
        put(plain, from);
        put(plain, to);
        assert.equal(list.stateOf(plain), to);
      }
    }
    assert.equal(states(), 'enabled enabled');
  });

  it('gives a server the weight that was set last, and changes nothing else', () => {
    weigh(plain, 7);
    weigh(plain, 3);
    assert.deepEqual(list.weighted(plain), { ...plain, weight: 3 });
    assert.equal(list.servers[0], plain);
  });

  it('has new servers behind the others, and forgets those that are removed', () => {
    const added = upstreamServer('http://10.0.0.9', 4, true);
    apply({ type: 'add', server: added }, { type: 'remove', url: plain.url });
    assert.deepEqual(urls(), [name.url, added.url]);
    assert.deepEqual([list.has(plain.url), list.has(added.url)], [false, true]);
    assert.equal(list.weighted(added), added);
  });

  it('has a server that comes again as it comes, and not as it went', () => {
    put(plain, 'disabled');
    weigh(plain, 9);
    apply({ type: 'remove', url: plain.url }, { type: 'add', server: plain });
    assert.equal(list.stateOf(plain), 'enabled');
    assert.equal(list.weighted(plain), plain);
  });

  it('may be empty', () => {
    apply({ type: 'remove', url: plain.url }, { type: 'remove', url: name.url });
    assert.deepEqual(urls(), []);
  });
});

describe('the addresses of a name', () => {
  it('have what was commanded for the name', () => {
    put(name, 'draining');
    weigh(name, 8);
    assert.equal(states(), 'draining draining');
    assert.equal(weights(), '8 8');
  });

  it('have what was commanded for them alone, until something is for the name', () => {
    put(name, 'draining');
    weigh(name, 8);
    put(first, 'disabled');
    weigh(second, 3);
    assert.equal(states(), 'disabled draining');
    assert.equal(weights(), '8 3');
    put(name, 'enabled');
    weigh(name, 4);
    assert.equal(states(), 'enabled enabled');
    assert.equal(weights(), '4 4');
  });

  it('are as they are found when their name has been removed and added again', () => {
    put(first, 'disabled');
    weigh(second, 3);
    put(name, 'draining');
    apply({ type: 'remove', url: name.url }, { type: 'add', server: name });
    assert.equal(states(), 'enabled enabled');
    assert.equal(weights(), '2 2');
  });
});
