import { networkInterfaces } from 'node:os';
import type { BoundAddress } from './server.ts';

/** An address as a browser on this machine takes it, and `unix:PATH` for a unix socket. */
export function localUrl({ address, port }: BoundAddress): string {
  if (port === undefined) return address;
  const host = hostOf(address);
  return urlOf(everywhere(host) ? 'localhost' : host, port);
}

/**
 * The URLs by which other machines find a server: of each address that is listened on everywhere, one for every address
 * that this machine has in a network. Link-local ones of IPv6 are left out: no browser takes them.
 */
export function networkUrls(addresses: readonly BoundAddress[]): string[] {
  const own = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter(({ internal, address }) => !internal && !/^fe[89ab]/i.test(address))
    .sort((a, b) => Number(a.family === 'IPv6') - Number(b.family === 'IPv6'));
  const urls = addresses.flatMap(({ address, port }) => {
    const host = hostOf(address);
    if (port === undefined || !everywhere(host)) return [];
    const reached = own.filter(({ family }) => host !== '0.0.0.0' || family === 'IPv4');
    return reached.map((one) => urlOf(one.family === 'IPv6' ? `[${one.address}]` : one.address, port));
  });
  return [...new Set(urls)];
}

function hostOf(address: string): string {
  return address.slice(0, address.lastIndexOf(':'));
}

function everywhere(host: string): boolean {
  return host === '' || host === '0.0.0.0' || host === '[::]';
}

function urlOf(host: string, port: number): string {
  return `http://${host}${port === 80 ? '' : `:${port}`}`;
}
