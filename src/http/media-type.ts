import { extname } from 'node:path';

/** What is said of bytes about which nothing is known (RFC 9110 §8.3). */
const UNKNOWN = 'application/octet-stream';

type MimeTypes = typeof import('mime-types');
let loading: Promise<MimeTypes> | undefined;
let loaded: MimeTypes | undefined;

/**
 * The Content-Type for a file name, from its extension in any case; text is declared as UTF-8. Other types are left
 * without a charset: JSON has none (RFC 8259 §11), and XML declares its own.
 *
 * The table is there from `loadMediaTypes` on, or else from when the first name is asked for.
 */
export async function mediaTypeOf(fileName: string): Promise<string> {
  return typeIn(loaded ?? (await load()), fileName);
}

/** Have the table ready. It takes some 20 ms, which no start should wait for; where it fails, the first name will tell why. */
export function loadMediaTypes(): void {
  load().catch(() => {});
}

/** The same at once; undefined until the table is loaded. */
export function mediaTypeNow(fileName: string): string | undefined {
  return loaded && typeIn(loaded, fileName);
}

async function load(): Promise<MimeTypes> {
  loading ??= import('mime-types').catch((error: unknown) => {
    // There may be no descriptor left for the moment.
    loading = undefined;
    throw error;
  });
  loaded = await loading;
  return loaded;
}

function typeIn({ lookup }: MimeTypes, fileName: string): string {
  const extension = extname(fileName);
  const type = extension === '' ? false : lookup(extension);
  if (type === false) return UNKNOWN;
  return type.startsWith('text/') ? `${type}; charset=utf-8` : type;
}
