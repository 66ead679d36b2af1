import type { UpstreamServer } from '../../upstream/schema.ts';

/**
 * Whether a URL that an upstream's answer names is on that same upstream: on the server itself, on the host that it was
 * asked for, or on that host's name with the server's port, which is what a server makes up that knows its own port only.
 */
export function isOnUpstream(url: URL, host: string, server: UpstreamServer): boolean {
  if (url.origin === server.url) return true;
  const asked = hostOf(host, url.protocol);
  if (asked === undefined) return false;
  return url.host === asked.host || (url.hostname === asked.hostname && portOf(url) === server.port);
}

/** A host as the URL parser reads it: without the port that the scheme implies. */
export function hostOf(authority: string, protocol: string): URL | undefined {
  const text = `${protocol}//${authority}`;
  return URL.canParse(text) ? new URL(text) : undefined;
}

function portOf({ port, protocol }: URL): number {
  return port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port);
}
