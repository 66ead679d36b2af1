import { Caddy } from '../support/caddy.ts';
import { startDreamServer } from '../support/dreamserver.ts';
import { Nginx } from '../support/nginx.ts';
import { freePort } from '../support/ports.ts';

/** One site, told to each server in its own words. */
interface Site {
  readonly dreamserver: Readonly<Record<string, unknown>>;
  /** Where its own variable may not stand, `{root}` does. */
  readonly nginx: string;
  readonly caddy: string;
  /** Only what lies below this path; everything where it is left out. */
  readonly path?: string;
}

export type ServerName = 'DreamServer' | 'nginx' | 'Caddy';

export interface RunningServers extends AsyncDisposable {
  readonly ports: Readonly<Record<ServerName, number>>;
}

/** Names that begin with a dot are not there, but for `/.well-known/`: what DreamServer does by itself. */
const NGINX_NO_DOTFILES = String.raw`location ~ /\.(?!well-known/) { return 404; }`;
const CADDY_NO_DOTFILES = String.raw`
  @dotfile {
    path_regexp /\.
    not path_regexp ^/\.well-known(/[^.][^/]*)*$
  }
  error @dotfile 404`;
const NGINX_DEFAULTS = `${NGINX_NO_DOTFILES} index index.html;`;
const CADDY_FILES = 'file_server {\n index index.html\n }';

/** nginx and Caddy compress nothing unless they are told to. */
const AS_IT_IS = { compress: false };

/** By host. The first answers for every other host too. */
const sites: Readonly<Record<string, Site>> = {
  localhost: {
    dreamserver: AS_IT_IS,
    nginx: NGINX_DEFAULTS,
    caddy: `${CADDY_NO_DOTFILES}\n${CADDY_FILES}`,
  },
  siblings: {
    dreamserver: { ...AS_IT_IS, precompressed: ['br', 'zstd', 'gzip'] },
    nginx: `${NGINX_DEFAULTS} gzip_static on; gzip_vary on;`,
    caddy: `${CADDY_NO_DOTFILES}\nfile_server {\n index index.html\n precompressed br zstd gzip\n }`,
  },
  dotfiles: {
    dreamserver: { ...AS_IT_IS, dotfiles: 'allow' },
    nginx: 'index index.html;',
    caddy: CADDY_FILES,
  },
  links: {
    dreamserver: { ...AS_IT_IS, symlinks: 'follow' },
    nginx: `${NGINX_DEFAULTS} disable_symlinks off;`,
    caddy: `${CADDY_NO_DOTFILES}\n${CADDY_FILES}`,
  },
  'no-links': {
    dreamserver: { ...AS_IT_IS, symlinks: 'deny' },
    nginx: `${NGINX_DEFAULTS} disable_symlinks on from=$document_root;`,
    caddy: `${CADDY_NO_DOTFILES}\n${CADDY_FILES}`,
  },
  indexes: {
    dreamserver: { ...AS_IT_IS, index: ['default.htm', 'index.html'] },
    nginx: `${NGINX_NO_DOTFILES} index default.htm index.html;`,
    caddy: `${CADDY_NO_DOTFILES}\nfile_server {\n index default.htm index.html\n }`,
  },
  app: {
    dreamserver: { ...AS_IT_IS, spa: true },
    nginx: `${NGINX_DEFAULTS} location / { try_files $uri $uri/index.html /index.html; }`,
    caddy: `${CADDY_NO_DOTFILES}\ntry_files {path} {path}/index.html /index.html\n${CADDY_FILES}`,
  },
  prefix: {
    path: '/static/*',
    dreamserver: { ...AS_IT_IS, stripPrefix: '/static' },
    nginx: `${NGINX_DEFAULTS} location /static/ { alias {root}/; } location / { return 404; }`,
    caddy: `${CADDY_NO_DOTFILES}\nhandle_path /static/* {\n ${CADDY_FILES}\n }\nhandle {\n error 404\n }`,
  },
};

/** DreamServer, nginx and Caddy, each with the sites over one root. */
export async function startServers(root: string): Promise<RunningServers> {
  const resources = new AsyncDisposableStack();
  try {
    const dreamserver = resources.use(await startDreamServer({ routes: routes(root), workers: 1 }));
    const nginx = resources.use(await startNginx(root));
    const caddy = resources.use(await Caddy.start(caddySites(root)));
    const started = resources.move();
    return {
      ports: { DreamServer: dreamserver.port, nginx: nginx.port, Caddy: caddy.port },
      [Symbol.asyncDispose]: () => started.disposeAsync(),
    };
  } finally {
    await resources.disposeAsync();
  }
}

function routes(root: string): Record<string, unknown>[] {
  return Object.entries(sites).flatMap(([host, { dreamserver, path }]): Record<string, unknown>[] => {
    const files = { root, ...dreamserver };
    if (host === 'localhost') return [{ files }];
    if (path === undefined) return [{ match: { host }, files }];
    return [
      { match: { host, path }, files },
      { match: { host }, respond: { status: 404 } },
    ];
  });
}

async function startNginx(root: string): Promise<Nginx> {
  const port = await freePort();
  const { localhost, ...others } = sites;
  const servers = Object.entries(others).map(
    ([host, { nginx }]) =>
      `server { listen 127.0.0.1:${port}; server_name ${host}; root ${root}; ${nginx.replaceAll('{root}', root)} }`,
  );
  // Charsets as DreamServer says them, and places without a host, which both are matters of taste.
  const http = `
  charset utf-8;
  charset_types text/plain text/css text/javascript;
  absolute_redirect off;
  ${servers.join('\n  ')}`;
  return Nginx.start({ root, port, server: localhost.nginx, http });
}

function caddySites(root: string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(sites).map(([host, { caddy }]) => [
      host === 'localhost' ? '' : host,
      `root * ${root}\n${caddy}`,
    ]),
  );
}
