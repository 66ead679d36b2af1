import { UNIX_PEER } from '../../core/peer.ts';
import { forwardedElement, hopsOf, parseForwarded } from '../../http/forwarded.ts';
import type { ForwardingFields, Hop } from '../../http/forwarded.ts';
import type { Exchange } from '../../pipeline/exchange.ts';

/**
 * Adds the fields that tell an upstream who asked, how, and for what. What a trusted proxy says of those before it is
 * continued, whichever of the two ways it says it in; whatever anybody else says is replaced by what we see.
 */
export function addForwardingFields(
  added: string[],
  exchange: Exchange,
  fields: ForwardingFields | 'both',
): void {
  const { believed } = exchange;
  if (believed === undefined) addSeen(added, exchange, fields);
  else addContinued(added, exchange, believed, fields);
}

/** Of a peer that is nobody's proxy: the chain begins here. */
function addSeen(added: string[], { peer, request }: Exchange, fields: ForwardingFields | 'both'): void {
  const { authority } = request;
  const scheme = peer.secure ? 'https' : 'http';
  if (fields !== 'forwarded') {
    added.push(
      'X-Forwarded-For',
      peer.address === UNIX_PEER ? UNKNOWN : peer.address,
      'X-Forwarded-Proto',
      scheme,
    );
    if (authority !== '') added.push('X-Forwarded-Host', authority);
  }
  if (fields !== 'x-forwarded') added.push('Forwarded', forwardedElement(peer.address, scheme, authority));
}

function addContinued(
  added: string[],
  exchange: Exchange,
  believed: ForwardingFields,
  fields: ForwardingFields | 'both',
): void {
  const { peer, request, client } = exchange;
  const hops = hopsOf(request.headers, believed);
  // A unix socket has no address to add; `unknown` would hide those who are known from who reads from the right.
  const told = peer.address !== UNIX_PEER || hops.length === 0;
  if (fields !== 'forwarded') {
    const own = peer.address === UNIX_PEER ? UNKNOWN : peer.address;
    const chain = hops.map(believed === 'x-forwarded' ? asWritten : addressOf);
    if (told) chain.push(own);
    added.push('X-Forwarded-For', chain.join(', '), 'X-Forwarded-Proto', client.scheme);
    if (client.host !== '') added.push('X-Forwarded-Host', client.host);
  }
  if (fields !== 'x-forwarded') {
    const chain =
      believed === 'forwarded' ? wellFormed(request.headers.getList('forwarded')) : hops.map(elementOf);
    const scheme = peer.secure ? 'https' : 'http';
    if (told) chain.push(forwardedElement(peer.address, scheme, request.authority));
    added.push('Forwarded', chain.join(', '));
  }
}

const UNKNOWN = 'unknown';

const asWritten = ({ node }: Hop): string => node;
const addressOf = ({ address }: Hop): string => address ?? UNKNOWN;
const elementOf = ({ address, scheme, host }: Hop): string => forwardedElement(address, scheme, host);

/** What stands there already, with whatever parameters; nothing where it is broken, since it would break what follows. */
function wellFormed(text: string | undefined): string[] {
  return text === undefined || (parseForwarded(text) ?? []).length === 0 ? [] : [text];
}
