import { cookieValue } from '../../http/cookies.ts';
import type { RequestHead } from '../../http/head.ts';
import type { RequestOrigin } from '../../upstream/balance/balancer.ts';
import { hashKey } from '../../upstream/balance/hash-key.ts';
import { hashText } from '../../upstream/balance/hash.ts';
import { Turns } from '../../upstream/balance/turns.ts';
import { WHOLE } from './whole.ts';
import type { SplitOptions, SplitRule, SplitShare } from './split-schema.ts';

/** Which of several a request goes to. */
export type Choice<T> = (origin: RequestOrigin) => T;

/**
 * Divides the requests of a route among upstreams: first by what they say, then by weight. `find` gives what stands behind
 * a name, `own` is what the route itself names. Composed once.
 */
export function createSplit<T>(options: SplitOptions, own: T, find: (name: string) => T): Choice<T> {
  const shares = chooseByShare(options, own, find);
  if (options.rules.length === 0) return shares;
  const rules = options.rules.map((rule) => ({ rule, target: find(rule.to) }));
  return (origin) => {
    for (const { rule, target } of rules) {
      if (matches(origin.request, rule)) return target;
    }
    return shares(origin);
  };
}

function matches({ headers }: RequestHead, { headers: fields, cookies }: SplitRule): boolean {
  return (
    fields.every(([name, value]) => headers.getList(name) === value) &&
    cookies.every(([name, value]) => cookieValue(headers, name) === value)
  );
}

function chooseByShare<T>({ shares, by }: SplitOptions, own: T, find: (name: string) => T): Choice<T> {
  if (shares.length === 0) return () => own;
  const targets = shares.map(({ to }) => find(to));
  return by === undefined ? byTurns(shares, targets, own) : byHash(shares, targets, own, by);
}

/** In turn, each as often as its weight says and the turns spread out: of each 20 requests, one is the 5%. */
function byTurns<T>(shares: readonly SplitShare[], others: readonly T[], own: T): Choice<T> {
  const targets = [own, ...others];
  const weights = [WHOLE - sumOf(shares), ...shares.map(({ weight }) => weight)];
  const turns = new Turns();
  turns.reset(weights.length);
  return () => {
    for (let i = 0; i < weights.length; i++) turns.offer(i, weights[i]);
    return targets[turns.take()];
  };
}

/**
 * The hashes of all keys are a line, from whose beginning each share has its piece, in the order of the list. So a key
 * stays where it is while the weights are what they are, in every worker and after a restart; a weight that grows takes
 * keys from what is behind it on the line, and the route's own upstream, which has the end, can only lose some.
 * A request without a key is its own upstream's: it could not be kept anywhere else.
 */
function byHash<T>(shares: readonly SplitShare[], targets: readonly T[], own: T, by: string): Choice<T> {
  const key = hashKey(by);
  const ends = shares.map((_, i) => (sumOf(shares.slice(0, i + 1)) / WHOLE) * 2 ** 32);
  return (origin) => {
    const text = key(origin);
    if (text === undefined) return own;
    const hash = hashText(text);
    for (let i = 0; i < ends.length; i++) {
      if (hash < ends[i]) return targets[i];
    }
    return own;
  };
}

function sumOf(shares: readonly SplitShare[]): number {
  return shares.reduce((sum, { weight }) => sum + weight, 0);
}
