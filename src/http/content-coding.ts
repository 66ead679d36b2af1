import { Buffer } from 'node:buffer';
import { knownField } from './field-names.ts';
import { type ReadonlyHeaderList, SEVERAL } from './header-list.ts';
import { listMembers } from './list-members.ts';

/** The codings that we can serve: Brotli (RFC 7932), Zstandard (RFC 8878, with the window of RFC 9659), gzip (RFC 1952). */
export type ContentCoding = 'br' | 'zstd' | 'gzip';

/** A form in which something can be answered. */
export interface CodingOffer {
  readonly coding: ContentCoding | 'identity';
}

/**
 * Proactive negotiation by Accept-Encoding (RFC 9110 §12.5.3): the offers that a client accepts, the one it would rather
 * have first; those of equal weight in the order in which the server offers them. Empty when it accepts none.
 *
 *     absent       the client takes any coding; but as many that say nothing can decode nothing, only `identity`
 *     empty        no coding: `identity`
 *     q=0          not acceptable
 *     `*`          the weight of everything that is not named, of `identity` too
 *     `identity`   where neither it nor `*` is named: acceptable, after everything that is
 *     `x-gzip`     `gzip` (§8.4.1.3)
 *
 * `acceptEncoding` is the field's value, several of them joined by commas. A member that is malformed accepts nothing.
 * Of two members for one coding the first counts.
 */
export function acceptableCodings<Offer extends CodingOffer>(
  acceptEncoding: string | undefined,
  offers: readonly Offer[],
): readonly Offer[] {
  if (acceptEncoding === undefined) return offers.filter(({ coding }) => coding === 'identity');
  const named = parseAcceptEncoding(acceptEncoding);
  const weightOf = ({ coding }: Offer): number =>
    named.get(coding) ?? named.get('*') ?? (coding === 'identity' ? UNNAMED_IDENTITY : 0);
  return offers.filter((offer) => weightOf(offer) > 0).toSorted((a, b) => weightOf(b) - weightOf(a));
}

/** Less than the least weight that can be written, 0.001. */
const UNNAMED_IDENTITY = 0.0001;

/** A coding or `*` in lower case, with the weight of RFC 9110 §12.4.2. */
const MEMBER = /^([!#$%&'*+\-.^_`|~\w]+)(?:[ \t]*;[ \t]*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?))?$/;

/** Codings with their weights. */
function parseAcceptEncoding(acceptEncoding: string): Map<string, number> {
  const weights = new Map<string, number>();
  for (const member of listMembers(acceptEncoding)) {
    const [, coding, weight = '1'] = MEMBER.exec(member) ?? [];
    if (coding === undefined) continue;
    const name = coding === 'x-gzip' ? 'gzip' : coding;
    if (!weights.has(name)) weights.set(name, Number(weight));
  }
  return weights;
}

const ACCEPT_ENCODING = knownField('accept-encoding');

/** Nearly all requests have one of a handful of values: what they come to is remembered. */
const MOST_REMEMBERED = 64;
/** The longest of common browsers has 40 characters. */
const LONGEST_REMEMBERED = 128;

/** Negotiates one list of offers for many requests. */
export class CodingNegotiator<Offer extends CodingOffer> {
  readonly #offers: readonly Offer[];
  readonly #known = new Map<string, readonly Offer[]>();
  readonly #unasked: readonly Offer[];

  /** `offers`: the server's own order of preference. */
  constructor(offers: readonly Offer[]) {
    this.#offers = offers;
    this.#unasked = acceptableCodings(undefined, offers);
  }

  /** See `acceptableCodings`. */
  acceptable(headers: ReadonlyHeaderList): readonly Offer[] {
    const value = headers.getSole(ACCEPT_ENCODING);
    if (value === undefined) return this.#unasked;
    if (value === SEVERAL) return acceptableCodings(headers.getList('accept-encoding'), this.#offers);
    return this.#known.get(value) ?? this.#learn(value);
  }

  #learn(value: string): readonly Offer[] {
    const acceptable = acceptableCodings(value, this.#offers);
    if (value.length > LONGEST_REMEMBERED) return acceptable;
    if (this.#known.size === MOST_REMEMBERED) this.#known.clear();
    // A value off the wire is a slice that would hold on to the whole head of its request.
    this.#known.set(Buffer.from(value, 'latin1').toString('latin1'), acceptable);
    return acceptable;
  }
}
