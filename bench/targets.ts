/** What DreamServer has to reach, as upper bounds. */

/** CPU per request as a multiple of the peer's, in the cells whose id matches. */
export const ratioTargets: readonly { cells: RegExp; peer: string; atMost: number }[] = [
  { cells: /^file-(1k|1k-browser|10k|304|gzip)$/, peer: 'nginx', atMost: 0.9 },
  { cells: /^file-(100k|10m|zipf)$/, peer: 'nginx', atMost: 1 },
  { cells: /^proxy-/, peer: 'nginx', atMost: 1 },
  { cells: /^proxy-/, peer: 'haproxy', atMost: 1 },
];

export const startupMsTarget = 300;
export const bytesPerConnectionTarget = 8192;
