import { Option } from 'commander';
import { UsageError } from './usage-error.ts';

/** `--listen ADDR`, as often as one likes. */
export function listenOption(): Option {
  return new Option('--listen <address>', 'where to listen, such as :8080; may be repeated').argParser(
    (address: string, before: readonly string[] | undefined) => [...(before ?? []), address],
  );
}

/**
 * The listeners of the command line as a part of a configuration; nothing where it names none.
 *
 * @throws UsageError
 */
export async function listenersOf(addresses: readonly string[] = []): Promise<{ listeners?: string[] }> {
  if (addresses.length === 0) return {};
  const { parseListenAddress } = await import('../index.ts');
  for (const address of addresses) {
    const problem = parseListenAddress(address);
    if (typeof problem === 'string') throw new UsageError(`--listen ${address}: ${problem}`);
  }
  return { listeners: [...addresses] };
}
