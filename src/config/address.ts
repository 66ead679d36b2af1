import type { ListenAddress } from './runtime-config.ts';

/**
 * Reads where to listen: `:8080` (every address of the machine), `127.0.0.1:8080`, `[::1]:8080`, `localhost:8080`,
 * `unix:/run/dreamserver.sock`. Returns what is wrong with it where it is none of these.
 */
export function parseListenAddress(address: string): ListenAddress | string {
  if (address.startsWith('unix:')) {
    const path = address.slice('unix:'.length);
    return path === '' ? 'expected a path behind `unix:`' : { kind: 'unix', address, path };
  }
  const [, bracketed, name, digits] = ADDRESS.exec(address) ?? [];
  if (digits === undefined) {
    if (/^\d{1,5}$/.test(address) && Number(address) <= 65_535)
      return `a port alone is written with a colon: \`:${address}\``;
    if (/^[\w.-]+$/.test(address)) return `the port is missing, as in \`${address}:8080\``;
    return 'expected an address such as `:8080`, `127.0.0.1:8080`, `[::1]:8080` or `unix:/run/dreamserver.sock`';
  }
  const port = Number(digits);
  if (port > 65_535) return `there is no port ${digits}: the highest is 65535`;
  const host = bracketed ?? name;
  return { kind: 'tcp', address, host: host === '' ? undefined : host, port };
}

const ADDRESS = /^(?:\[([0-9A-Fa-f:.%\w]+)\]|([A-Za-z0-9._-]*)):(\d{1,5})$/;
