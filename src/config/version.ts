import { readFileSync } from 'node:fs';

// The same number of folders up from src/config and from where build.ts puts this: one below dist.
const { version: found } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
) as { version: string };

/** The version of this package. */
export const version: string = found;
