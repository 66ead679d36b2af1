/** What DreamServer has to reach, as upper bounds. */

/** CPU per request as a multiple of the peer's, in the cells whose id matches. */
export const ratioTargets: readonly { cells: RegExp; peer: string; atMost: number }[] = [
  { cells: /^file-(1k|1k-browser|10k|304|gzip)$/, peer: 'nginx', atMost: 0.9 },
  {
    cells: /^file-(100k|10m|zipf|zipf-256m|index|features|1k-(c1|c1000|pipelined|close|workers))$/,
    peer: 'nginx',
    atMost: 1,
  },
  { cells: /^proxy-/, peer: 'nginx', atMost: 1 },
  { cells: /^proxy-/, peer: 'haproxy', atMost: 1 },
  { cells: /^(file|proxy)-1k$/, peer: 'caddy', atMost: 0.4 },
  { cells: /^proxy-1k$/, peer: 'node-http', atMost: 0.5 },
  { cells: /^proxy-1k$/, peer: 'http-proxy', atMost: 0.5 },
  { cells: /^proxy-1k$/, peer: 'httpxy', atMost: 0.5 },
];

export const startupMsTarget = 300;
export const bytesPerConnectionTarget = 8192;
export const restMiBTarget = 90;
