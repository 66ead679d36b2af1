import type { Command } from 'commander';
import { listenOption, withListeners } from './listen-option.ts';
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
      const { parseConfig } = await import('../index.ts');
      const config = parseConfig({ routes: [{ files: { root, spa } }] });
      await serve(await withListeners(config, listen));
    });
}
