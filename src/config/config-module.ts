import { existsSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { pathToFileURL } from 'node:url';
import { StartError } from './config-error.ts';

let hooked = false;

/**
 * The default export of a configuration module. It may import `dreamserver` wherever it lies: it gets this very one.
 *
 * @throws StartError in one line when there is no such file, or it fails
 */
export async function importConfig(path: string, name: string): Promise<unknown> {
  if (!existsSync(path)) throw new StartError(`${name}: there is no such file`);
  resolveOurselves();
  const url = pathToFileURL(path).href;
  let module: { default?: unknown };
  try {
    module = (await import(url)) as { default?: unknown };
  } catch (error) {
    throw new StartError(`${name}${placeIn(url, error)}: ${firstLine(error)}`, { cause: error });
  }
  if (module.default === undefined) {
    throw new StartError(`${name}: its default export is the configuration, and it has none`);
  }
  return module.default;
}

function resolveOurselves(): void {
  if (hooked) return;
  hooked = true;
  const index = new URL(import.meta.url.endsWith('.ts') ? '../index.ts' : '../index.js', import.meta.url)
    .href;
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier === 'dreamserver' ? { url: index, shortCircuit: true } : next(specifier, context),
  });
}

/** `:line:column` of the first place in the module that a stack trace names. */
function placeIn(url: string, error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  const start = stack.indexOf(`${url}:`);
  return start === -1 ? '' : (/^(?::\d+)+/.exec(stack.slice(start + url.length))?.[0] ?? '');
}

function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.trim().split('\n', 1)[0];
}
