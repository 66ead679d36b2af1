import { Option } from 'commander';
import type { RuntimeConfig } from '../index.ts';
import { UsageError } from './usage-error.ts';

/** `--listen ADDR`, as often as one likes. */
export function listenOption(): Option {
  return new Option('--listen <address>', 'where to listen, such as :8080; may be repeated').argParser(
    (address: string, before: readonly string[] | undefined) => [...(before ?? []), address],
  );
}

/**
 * The configuration with the listeners of the command line, where it names any.
 *
 * @throws UsageError
 */
export async function withListeners(
  config: RuntimeConfig,
  addresses: readonly string[] = [],
): Promise<RuntimeConfig> {
  if (addresses.length === 0) return config;
  const { parseListenAddress } = await import('../index.ts');
  const listeners = addresses.map((address) => {
    const listener = parseListenAddress(address);
    if (typeof listener === 'string') throw new UsageError(`--listen ${address}: ${listener}`);
    return listener;
  });
  return { ...config, listeners };
}
