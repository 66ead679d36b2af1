import type { Command } from 'commander';
import { count } from './count.ts';
import { UsageError } from './usage-error.ts';

/** `dreamserver check [FILE]` */
export function addCheck(program: Command): void {
  program
    .command('check')
    .description('tell every mistake in a configuration, with its place, and start nothing')
    .argument('[file]', 'the configuration; else the one that run would take')
    .action(async (named: string | undefined) => {
      const { findConfig, readConfig, understand } = await import('../index.ts');
      const file = named ?? findConfig(process.cwd());
      if (file === undefined) throw new UsageError('there is no configuration here to check: name a file');
      const source = await readConfig(file);
      const { listeners, routes, upstreams } = await understand(source);
      const parts = [
        count(listeners.length, 'listener'),
        count(routes.length, 'route'),
        count(upstreams.length, 'upstream'),
      ];
      process.stdout.write(`${source.origin.name} is fine: ${parts.join(', ')}\n`);
    });
}
