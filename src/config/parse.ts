import { StartError } from './config-error.ts';
import { diagnose, oneLine } from './diagnose.ts';
import type { ConfigOrigin } from './diagnose.ts';
import { check } from './mistakes.ts';
import { normalise } from './normalise.ts';
import { unknownUpstreams, unreachableRoutes } from './references.ts';
import type { RuntimeConfig } from './runtime-config.ts';
import { configSchema } from './schema.ts';
import type { Config } from './schema.ts';
import { unusableTlsFiles } from './tls-files.ts';
import { unusableLog, unusableRoots, unusableTokens } from './unusable.ts';

/**
 * Checks a configuration and fills in its defaults. Relative paths start at the working directory.
 *
 * @throws ConfigError with every mistake in it
 * @throws StartError when it makes sense, but a file or folder that it names cannot be used
 */
export function parseConfig(config: Config): RuntimeConfig {
  return parseFrom(config, { directory: process.cwd() });
}

/** As `parseConfig`, for a value of unknown shape from somewhere else. */
export function parseFrom(value: unknown, origin: ConfigOrigin): RuntimeConfig {
  const checked = check(configSchema, value);
  const mistakes = [...(checked.mistakes ?? []), ...unknownUpstreams(value), ...unreachableRoutes(value)];
  if (checked.mistakes !== undefined || mistakes.length > 0) throw diagnose(mistakes, origin);
  const config = normalise(checked.output, origin.directory);
  const unusable = [
    ...unusableRoots(config),
    ...unusableTokens(config),
    ...unusableTlsFiles(config),
    ...unusableLog(config),
  ];
  if (unusable.length > 0) {
    throw new StartError(unusable.map((mistake) => oneLine(mistake, origin)).join('\n'));
  }
  return config;
}
