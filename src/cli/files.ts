import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import type { Config } from '../index.ts';
import { listenersOf, listenOption } from './listen-option.ts';
import { openBrowser } from './open-browser.ts';
import { serve } from './serve.ts';

/** Where it is served unless --listen says it. */
const PORT = 8080;

/** What --spa answers with. */
const INDEX = 'index.html';

interface FilesOptions {
  readonly listen?: readonly string[];
  readonly listing: boolean;
  readonly spa?: boolean;
  readonly cors?: boolean;
  readonly watch?: boolean;
  readonly open?: boolean;
}

/** What lets pages of any other site read all that is here, and ask for it with whatever fields they like (the Fetch standard's CORS protocol). */
const CORS = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Allow-Methods': 'GET, HEAD, OPTIONS',
  'Access-Control-Allow-Headers': '*',
  'Access-Control-Expose-Headers': '*',
  'Access-Control-Max-Age': '600',
};

/** `dreamserver files [DIR] [--listen ADDR]… [--no-listing] [--spa] [--cors] [--watch] [--open]` */
export function addFiles(program: Command): void {
  program
    .command('files')
    .description('serve the files under a directory')
    .argument('[dir]', 'the directory', '.')
    .addOption(listenOption())
    .option('--listing', 'list directories without an index.html', true)
    .option('--no-listing', 'refuse them')
    .option('--spa', 'answer what is not found with index.html, for single-page applications')
    .option('--cors', 'let pages of other sites read the files')
    .option('--watch', 'load pages anew when a file changes, by a script that is put into them')
    .option('--open', 'show it in the browser')
    .action(async (root: string, { listen, ...options }: FilesOptions) => {
      const { createServer } = await import('../index.ts');
      const { listeners, notes } = await whereTo(listen);
      if (options.spa === true && !existsSync(join(root, INDEX))) notes.push(noIndex(root));
      const server = createServer({ ...configuration(root, options), listeners });
      await serve(server, { notes, network: true, started: options.open === true ? openBrowser : undefined });
    });
}

function configuration(root: string, { listing, spa = false, cors, watch }: FilesOptions): Config {
  const route: Config['routes'][number] = { files: { root, listing, spa } };
  if (cors === true) route.headers = { response: { set: CORS } };
  if (watch === true) route.liveReload = root;
  // Who writes pages needs one thread, which then watches the files once.
  return { workers: watch === true ? 1 : 'auto', routes: [route] };
}

function noIndex(root: string): string {
  return `There is no ${join(root, INDEX)}: until it is there, --spa has nothing to answer with.`;
}

/** The addresses that were named, or the usual port; where that is taken, the next one that is free. */
async function whereTo(
  listen: readonly string[] | undefined,
): Promise<{ listeners: string[]; notes: string[] }> {
  const { listeners } = await listenersOf(listen);
  if (listeners !== undefined) return { listeners, notes: [] };
  const { freePort } = await import('../index.ts');
  const port = await freePort(PORT);
  if (port === PORT) return { listeners: [`:${port}`], notes: [] };
  return { listeners: [`:${port}`], notes: [`Port ${PORT} is in use, so this is on port ${port}.`] };
}
