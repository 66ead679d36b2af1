/** Where a server of an upstream is. */
export interface ServerAddress {
  /** As the log names it: scheme, host and port without a path, e.g. `http://10.0.0.1:8000`; or `unix:/run/app.sock`. */
  readonly url: string;
  /** Host name or IP address (IPv6 without brackets); empty for a unix socket. */
  readonly hostname: string;
  /** 0 for a unix socket. */
  readonly port: number;
  /**
   * Host and port as they stand in a Host field: the port is left out when it is the scheme's own. A unix socket has
   * neither, and every server wants a Host: it is `localhost`.
   */
  readonly authority: string;
  /** Whether TLS is spoken: the scheme is `https`. */
  readonly secure: boolean;
  /** The path of a unix socket; undefined for TCP. */
  readonly path: string | undefined;
}

const UNIX = 'unix:';

/** Whether the text is the address of a server, and not the name of an upstream. */
export function isServerUrl(text: string): boolean {
  return text.includes('://') || text.startsWith(UNIX);
}

/**
 * Reads the address of a server: scheme, host and port, nothing else; or `unix:` and a path. Returns what is wrong with
 * it where it is neither.
 */
export function parseServerUrl(text: string): ServerAddress | string {
  if (text.startsWith(UNIX)) {
    const path = text.slice(UNIX.length);
    if (path === '' || path.startsWith('//'))
      return 'expected the path of a socket, as in `unix:/run/app.sock`';
    return { url: text, hostname: '', port: 0, authority: 'localhost', secure: false, path };
  }
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text))
    return 'expected a URL such as `http://127.0.0.1:8000`';
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') return "a server's URL has no user and no password";
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') {
    return "a server's URL ends with its port: it has no path and no query";
  }
  if (url.port === '0') return 'no server listens on port 0';
  const hostname = url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname;
  const secure = url.protocol === 'https:';
  const port = url.port === '' ? (secure ? 443 : 80) : Number(url.port);
  return { url: url.origin, hostname, port, authority: url.host, secure, path: undefined };
}
