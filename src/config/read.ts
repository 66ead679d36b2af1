import { existsSync, readFileSync } from 'node:fs';
import { dirname, extname, join, relative, resolve } from 'node:path';
import { StartError } from './config-error.ts';
import { diagnoseSyntax } from './diagnose.ts';
import type { ConfigOrigin } from './diagnose.ts';
import type { RuntimeConfig } from './runtime-config.ts';
import type { YamlSource } from './yaml-source.ts';

/** The files looked for where none is named, in this order. */
export const CONFIG_FILES: readonly string[] = [
  'dreamserver.yaml',
  'dreamserver.yml',
  'dreamserver.json',
  'dreamserver.config.ts',
  'dreamserver.config.js',
];

const MODULE = /^\.[cm]?[jt]s$/;

/** A configuration that has been read and not yet been understood. */
export interface ConfigSource {
  readonly value: unknown;
  readonly origin: ConfigOrigin;
}

/** The configuration file of a directory, or undefined when it has none. */
export function findConfig(directory: string): string | undefined {
  return CONFIG_FILES.map((name) => join(directory, name)).find((file) => existsSync(file));
}

/**
 * Reads a configuration file: YAML, JSON, or a module whose default export is the configuration.
 *
 * @throws ConfigError when it is not even YAML
 * @throws StartError when the file cannot be read
 * @throws Error of the system for a relative path, when the working directory is gone
 */
export async function readConfig(file: string): Promise<ConfigSource> {
  const path = resolve(file);
  const name = displayName(path);
  const directory = dirname(path);
  if (MODULE.test(extname(path))) {
    const { importConfig } = await import('./config-module.ts');
    return { value: await importConfig(path, name), origin: { directory, name } };
  }
  const text = readText(path, name);
  const { YamlSource } = await import('./yaml-source.ts');
  const source = new YamlSource(text);
  if (source.syntaxMistakes.length > 0) throw diagnoseSyntax(source, name);
  return { value: valueOf(source, name), origin: { directory, name, source } };
}

/**
 * What a configuration means, with every default filled in.
 *
 * @throws ConfigError with every mistake in it
 * @throws StartError when it makes sense, but a file or folder that it names cannot be used
 */
export async function understand({ value, origin }: ConfigSource): Promise<RuntimeConfig> {
  // The schema takes a while to load; a server starts its threads meanwhile.
  const { parseFrom } = await import('./parse.ts');
  return parseFrom(value, origin);
}

/** Reads a configuration file and tells what it means; throws what `readConfig` and `understand` throw. */
export async function loadConfig(file: string): Promise<RuntimeConfig> {
  return understand(await readConfig(file));
}

function readText(path: string, name: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const reason =
      code === 'ENOENT'
        ? 'there is no such file'
        : code === 'EISDIR'
          ? 'this is a directory, not a file'
          : code === 'EACCES'
            ? 'it may not be read'
            : `it cannot be read (${code})`;
    throw new StartError(`${name}: ${reason}`, { cause: error });
  }
}

function valueOf(source: YamlSource, name: string): unknown {
  try {
    return source.toValue();
  } catch (error) {
    throw new StartError(`${name}: ${(error as Error).message}`, { cause: error });
  }
}

/** Relative to the working directory where it lies below it. */
function displayName(path: string): string {
  let near: string;
  try {
    near = relative(process.cwd(), path);
  } catch {
    // The directory has been removed: nothing lies below it.
    return path;
  }
  return near.startsWith('..') ? path : near;
}
