import type { Command } from 'commander';
import { listenersOf, listenOption } from './listen-option.ts';
import { serve } from './serve.ts';

interface FilesOptions {
  readonly listen?: readonly string[];
  readonly spa?: boolean;
}

/** `dreamserver files DIR [--listen ADDR]… [--spa]` */
export function addFiles(program: Command): void {
  program
    .command('files')
    .description('serve the files under a directory')
    .argument('<dir>', 'the directory')
    .addOption(listenOption())
    .option('--spa', 'answer what is not found with index.html, for single-page applications')
    .action(async (root: string, { listen, spa = false }: FilesOptions) => {
      const { createServer } = await import('../index.ts');
      const routes = [{ files: { root, spa } }];
      await serve(createServer({ workers: 'auto', routes, ...(await listenersOf(listen)) }));
    });
}
