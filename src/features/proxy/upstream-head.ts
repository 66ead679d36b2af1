import { cameBefore } from '../../http/came-before.ts';
import { knownField } from '../../http/field-names.ts';
import type { OutgoingRequestHead, RequestHead } from '../../http/head.ts';
import { HeaderList, SPAN, type ReadonlyHeaderList } from '../../http/header-list.ts';
import { hopByHopAnd, nominatedFields } from '../../http/hop-by-hop.ts';
import { acceptsTrailers } from '../../http/te.ts';
import { passableProtocols } from '../../http/upgrade.ts';
import type { Exchange } from '../../pipeline/exchange.ts';
import type { UpstreamServer } from '../../upstream/schema.ts';
import { addForwardingFields } from './forwarding-fields.ts';
import type { ProxyOptions } from './schema.ts';

const HOST = knownField('host');
const EXPECT = knownField('expect');
const REQUEST_ID = knownField('x-request-id');
const FORWARDED_FOR = knownField('x-forwarded-for');
const FORWARDED_PROTO = knownField('x-forwarded-proto');
const FORWARDED_HOST = knownField('x-forwarded-host');
const FORWARDED = knownField('forwarded');

/**
 * Left out of what the client sent: the upstream gets our own. `Expect` is ours to meet, by reading the body when the
 * upstream takes it. Forwarding fields go even where we add none: a client could claim anything.
 */
const OMIT = hopByHopAnd(HOST, EXPECT, REQUEST_ID, FORWARDED_FOR, FORWARDED_PROTO, FORWARDED_HOST, FORWARDED);

/** The Host that the upstream gets. Clients of HTTP/1.0 may send none, and every upstream wants one. */
export function upstreamHost(request: RequestHead, options: ProxyOptions, server: UpstreamServer): string {
  if (options.host === 'preserve') return request.authority === '' ? server.authority : request.authority;
  return options.host === 'upstream' ? server.authority : options.host;
}

/**
 * The head of the request as an upstream gets it, derived from the client's. One that comes again, from the same
 * address and for the same place, is derived once.
 */
export function upstreamHead(
  exchange: Exchange,
  options: ProxyOptions,
  target: string,
  host: string,
  bodyFollows: boolean,
): OutgoingRequestHead {
  const { request, peer } = exchange;
  // What others say of those before them is looked at anew each time.
  if (exchange.believed !== undefined) return derive(exchange, options, target, host, bodyFollows, false);
  const kept = request.derived;
  if (kept instanceof DerivedHead && kept.fits(exchange, options, target, host, bodyFollows))
    return kept.head;
  const again = cameBefore(request);
  const head = derive(exchange, options, target, host, bodyFollows, again);
  if (again) {
    const { address, secure } = peer;
    request.derived = new DerivedHead(request, options, target, host, bodyFollows, address, secure, head);
  }
  return head;
}

/** A head for an upstream, and all that it depends on. */
class DerivedHead {
  readonly head: OutgoingRequestHead;
  readonly #request: RequestHead;
  readonly #options: ProxyOptions;
  readonly #target: string;
  readonly #host: string;
  readonly #bodyFollows: boolean;
  readonly #address: string;
  readonly #secure: boolean;

  constructor(
    request: RequestHead,
    options: ProxyOptions,
    target: string,
    host: string,
    bodyFollows: boolean,
    address: string,
    secure: boolean,
    head: OutgoingRequestHead,
  ) {
    this.#request = request;
    this.#options = options;
    this.#target = target;
    this.#host = host;
    this.#bodyFollows = bodyFollows;
    this.#address = address;
    this.#secure = secure;
    this.head = head;
  }

  /** A request that was derived from another may have brought along what was made of that one. */
  fits(
    { request, peer }: Exchange,
    options: ProxyOptions,
    target: string,
    host: string,
    bodyFollows: boolean,
  ): boolean {
    return (
      this.#request === request &&
      this.#options === options &&
      this.#target === target &&
      this.#host === host &&
      this.#bodyFollows === bodyFollows &&
      this.#address === peer.address &&
      this.#secure === peer.secure
    );
  }
}

function derive(
  exchange: Exchange,
  options: ProxyOptions,
  target: string,
  host: string,
  bodyFollows: boolean,
  reusable: boolean,
): OutgoingRequestHead {
  const { request } = exchange;
  const { headers } = request;
  const via = request.version === 11 ? '1.1 dreamserver' : '1.0 dreamserver';
  const added = ['Via', via];
  if (options.forwarded !== 'off') addForwardingFields(added, exchange, options.forwarded);
  const nominated = nominatedFields(headers);
  const dropped = exchange.believed === undefined ? withClaims(headers, nominated) : nominated;
  // Fields that are not the client's, but a rule's: they are as good as ours, whatever the client nominates.
  const ruled = headers.added.length > 0;
  const identified = !ruled || !headers.added.some(isRequestId);
  return {
    method: request.method,
    target,
    host,
    headers: ruled ? HeaderList.over(headers) : headers,
    omit: OMIT,
    nominated: dropped,
    added: ruled ? rulesBefore(headers.added, added) : added,
    upgrade: bodyFollows ? undefined : wantedProtocol(request, options, nominated),
    trailers: acceptsTrailers(headers),
    // Only what streams: a body that was collected is here already.
    expectContinue: bodyFollows && request.version === 11 && headers.getKnown(EXPECT) !== undefined,
    identified,
    reusable,
    serialised: undefined,
  };
}

const LETTER_X = 0x78;
/** The kin of the forwarding fields, as proxies and applications have made them up: -Port, -Prefix, -Server, -Ssl, … */
const CLAIM = /^x[-_](?:forwarded|real[-_]ip$)/;

/**
 * The names that are left out of what somebody says who is no trusted proxy: those that it nominates, and those with
 * which it would tell the application where it comes from.
 */
function withClaims(
  { spans, text }: ReadonlyHeaderList,
  nominated: ReadonlySet<string> | undefined,
): ReadonlySet<string> | undefined {
  let names: Set<string> | undefined;
  for (let i = 0; i < spans.length; i += SPAN) {
    if (spans[i] !== 0 || (text.charCodeAt(spans[i + 1]) | 0x20) !== LETTER_X) continue;
    const name = text.slice(spans[i + 1], spans[i + 2]).toLowerCase();
    if (!CLAIM.test(name)) continue;
    names ??= new Set(nominated);
    names.add(name);
  }
  return names ?? nominated;
}

/** Of names and values: whether this is the id's name. */
function isRequestId(text: string, i: number): boolean {
  return i % 2 === 0 && text.toLowerCase() === 'x-request-id';
}

/** A rule that sets a field has the last word on it, also where the field would be ours. */
function rulesBefore(rules: readonly string[], ours: readonly string[]): string[] {
  const named = new Set(rules.filter((_, i) => i % 2 === 0).map((name) => name.toLowerCase()));
  const kept = ours.filter((_, i) => !named.has(ours[i - (i % 2)].toLowerCase()));
  return [...kept, ...rules];
}

/** Whether the client asks for another protocol, and the upstream is to hear of it. */
export function asksForUpgrade(request: RequestHead, options: ProxyOptions): boolean {
  return wantedProtocol(request, options, nominatedFields(request.headers)) !== undefined;
}

/** The protocol that the client wants to change to, if that is for the upstream to decide. */
function wantedProtocol(
  { headers, version }: RequestHead,
  { upgrade }: ProxyOptions,
  nominated: ReadonlySet<string> | undefined,
): string | undefined {
  const wants = nominated !== undefined && version === 11 && nominated.has('upgrade');
  return wants && upgrade ? passableProtocols(headers) : undefined;
}
