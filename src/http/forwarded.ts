import { nodeAddress } from './ip-address.ts';
import type { ReadonlyHeaderList } from './header-list.ts';
import { trimBlanks } from './list-members.ts';
import { validAuthority } from './target.ts';

/** Which fields tell who stands before a proxy: X-Forwarded-For, -Proto and -Host, or `Forwarded` (RFC 7239). */
export type ForwardingFields = 'x-forwarded' | 'forwarded';

/** What one proxy says of the request that it got: from whom, how, and for what. */
export interface Hop {
  /** The IP address, in its shortest form; undefined where it is not told or is none. */
  readonly address: string | undefined;
  /** As it was written: an address with or without a port, `unknown`, an obfuscated name. */
  readonly node: string;
  readonly scheme: 'http' | 'https' | undefined;
  readonly host: string | undefined;
}

/** The client, as far as those before us are believed. */
export interface ClientView {
  readonly address: string;
  readonly scheme: 'http' | 'https';
  /** The host that it asked for; empty where it named none. */
  readonly host: string;
}

/** The hops that a message's forwarding fields tell of, the client's first. Empty where there are none, or they are broken. */
export function hopsOf(headers: ReadonlyHeaderList, fields: ForwardingFields): readonly Hop[] {
  if (fields === 'forwarded') return parseForwarded(headers.getList('forwarded') ?? '') ?? [];
  const nodes = members(headers.getList('x-forwarded-for'));
  const schemes = members(headers.getList('x-forwarded-proto'));
  const hosts = members(headers.getList('x-forwarded-host'));
  return nodes.map((node, i): Hop => {
    const fromRight = nodes.length - i;
    return {
      address: nodeAddress(node),
      node,
      scheme: schemeOf(aligned(schemes, fromRight)),
      host: hostOf(aligned(hosts, fromRight)),
    };
  });
}

/** Proxies add to these lists or leave them alone: a list that is shorter than the chain was begun by the first that spoke. */
function aligned(values: readonly string[], fromRight: number): string | undefined {
  return values.at(-Math.min(fromRight, values.length));
}

function members(list: string | undefined): string[] {
  if (list === undefined) return [];
  return list
    .split(',')
    .map(trimBlanks)
    .filter((member) => member !== '');
}

function schemeOf(text: string | undefined): 'http' | 'https' | undefined {
  const scheme = text?.toLowerCase();
  return scheme === 'http' || scheme === 'https' ? scheme : undefined;
}

function hostOf(text: string | undefined): string | undefined {
  return text !== undefined && validAuthority(text) ? text.toLowerCase() : undefined;
}

/**
 * Who the client is: from right to left, each hop that a trusted peer tells of is believed, up to the first whose
 * address is not trusted itself. Whatever stands left of that one is that client's own word. What is no address ends
 * the walk too: behind it nobody is known.
 *
 * `peer`: who is connected to us, and how; its address is trusted.
 */
export function findClient(
  hops: readonly Hop[],
  peer: ClientView,
  trusts: (address: string) => boolean,
): ClientView {
  let { address, scheme, host } = peer;
  for (let i = hops.length - 1; i >= 0; i--) {
    const hop = hops[i];
    scheme = hop.scheme ?? scheme;
    host = hop.host ?? host;
    if (hop.address === undefined) break;
    address = hop.address;
    if (!trusts(address)) break;
  }
  return { address, scheme, host };
}

/** `token=value` of a forwarded-element (RFC 7239 §4), where the value is a token or a quoted string. */
const PAIR =
  /[\t ]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)=(?:([!#$%&'*+.^_`|~0-9A-Za-z-]+)|"((?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t\x20-\x7e\x80-\xff])*)")[\t ]*/y;

/**
 * The elements of a Forwarded field (RFC 7239 §4). Undefined where it is not well-formed: an element that is put behind
 * an open quote would be swallowed by it.
 */
export function parseForwarded(text: string): readonly Hop[] | undefined {
  const hops: Hop[] = [];
  let pairs = new Map<string, string>();
  let at = 0;
  while (at < text.length) {
    PAIR.lastIndex = at;
    const found = PAIR.exec(text);
    if (found !== null) {
      const [, name, token, quoted] = found;
      const key = name.toLowerCase();
      // "Each parameter MUST NOT occur more than once per field-value" element: whom to believe is anybody's guess.
      if (pairs.has(key)) return undefined;
      pairs.set(key, token ?? quoted.replaceAll(/\\(.)/g, '$1'));
      at = PAIR.lastIndex;
    } else {
      while (text[at] === ' ' || text[at] === '\t') at++;
    }
    if (at === text.length) break;
    if (text[at] === ',') {
      if (pairs.size > 0) hops.push(hopOf(pairs));
      pairs = new Map();
    } else if (text[at] !== ';') {
      return undefined;
    }
    at++;
  }
  if (pairs.size > 0) hops.push(hopOf(pairs));
  return hops;
}

function hopOf(pairs: ReadonlyMap<string, string>): Hop {
  const node = pairs.get('for') ?? 'unknown';
  return {
    // An IPv6 address stands in brackets here (RFC 7239 §6).
    address: nodeAddress(node),
    node,
    scheme: schemeOf(pairs.get('proto')),
    host: hostOf(pairs.get('host')),
  };
}

/** One element of a Forwarded field. `address`: an IP address; what is none is told as `unknown`. */
export function forwardedElement(address: string | undefined, scheme?: string, host?: string): string {
  const node =
    address === undefined || !ADDRESS.test(address)
      ? 'unknown'
      : address.includes(':')
        ? `"[${address}]"`
        : address;
  let element = `for=${node}`;
  if (host !== undefined && host !== '') element += `;host=${/[:[\]]/.test(host) ? `"${host}"` : host}`;
  if (scheme !== undefined) element += `;proto=${scheme}`;
  return element;
}

const ADDRESS = /^[0-9a-f.:]+$/;
