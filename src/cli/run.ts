import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import type { RuntimeConfig } from '../index.ts';
import { listenOption, withListeners } from './listen-option.ts';
import { serve } from './serve.ts';
import { UsageError } from './usage-error.ts';

/** What is served where there is no configuration. */
const DEFAULT_ROOT = 'staticfiles';

interface RunOptions {
  readonly config?: string;
  readonly listen?: readonly string[];
}

/** `dreamserver [run] [-c FILE] [--listen ADDR]…` */
export function addRun(program: Command): void {
  program
    .command('run', { isDefault: true })
    .description(
      `run a configuration: FILE, else ./dreamserver.{yaml,yml,json,config.ts,config.js}, else ./${DEFAULT_ROOT} on :8080`,
    )
    .option('-c, --config <file>', 'the configuration')
    .addOption(listenOption())
    .allowExcessArguments()
    .action(async (options: RunOptions, command: Command) => {
      const [word] = command.args;
      if (word !== undefined)
        throw new UsageError(`there is no command \`${word}\`; dreamserver --help lists them`);
      await serve(await withListeners(await configuration(options.config), options.listen));
    });
}

async function configuration(named: string | undefined): Promise<RuntimeConfig> {
  const { findConfig, loadConfig, parseConfig, StartError } = await import('../index.ts');
  const file = named ?? findConfig(process.cwd());
  if (file !== undefined) return loadConfig(file);
  if (existsSync(DEFAULT_ROOT)) return parseConfig({ routes: [{ files: DEFAULT_ROOT }] });
  throw new StartError(
    `there is neither a dreamserver.yaml nor a folder ${DEFAULT_ROOT} here; dreamserver --help tells how to start`,
  );
}
