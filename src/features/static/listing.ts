import { Buffer } from 'node:buffer';
import { hash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { monotonicNow } from '../../core/clock.ts';
import type { ErrorCode } from '../../core/errors.ts';
import { SingleFlight } from '../../core/single-flight.ts';
import { evaluatePreconditions } from '../../http/conditional.ts';
import { HeaderList } from '../../http/header-list.ts';
import { preferredMediaType } from '../../http/negotiate.ts';
import { Response } from '../../http/response.ts';
import type { Exchange } from '../../pipeline/exchange.ts';
import { type DirectoryContent, DirectoryReader } from './directory-entries.ts';
import { type ListingOrder, orderOf, queryOf, sortEntries } from './listing-order.ts';
import { LISTING_POLICY, listingFoot, listingHead, listingRow } from './listing-page.ts';
import { RecentDirectories } from './recent-directories.ts';
import type { StaticOptions } from './schema.ts';

type Form = 'text/html' | 'application/json';
const FORMS: readonly Form[] = ['text/html', 'application/json'];

/** Listings that are kept, so that whoever asks for the same one gets the same memory, and a slow client holds no other. */
const MOST_KEPT = 8;

/** Rows that are written before other requests have their turn. */
const ROWS_AT_ONCE = 500;

/** A listing as it is given out. */
interface Listed {
  readonly whole: Response;
  readonly notModified: Response;
  readonly etag: string;
  readonly freshUntil: number;
}

/** Answers for directories without an index file: what they hold, as a page or as JSON. */
export class Listing {
  readonly #directories: RecentDirectories;
  readonly #kept = new Map<string, Listed>();
  /** Many who ask for one have it made once. */
  readonly #making = new SingleFlight<Listed | 'absent' | ErrorCode>();

  /** Throws the system's error when there is no directory at one of the roots. */
  constructor(options: StaticOptions) {
    const roots = [options.root, ...options.furtherRoots];
    this.#directories = new RecentDirectories(roots.map((root) => new DirectoryReader(root, options)));
  }

  /** The answer to GET and HEAD for the directory of that name (as `filePathOf` gives it), or why there is none. */
  async answer(exchange: Exchange, name: string): Promise<Response | 'absent' | ErrorCode> {
    const { method, headers, query } = exchange.request;
    // Who accepts neither is shown the page all the same (RFC 9110 §12.5.1 leaves that to us).
    const form = preferredMediaType(headers.getList('accept'), FORMS) ?? 'text/html';
    const listed = await this.#list(name, form, orderOf(query));
    if (typeof listed === 'string') return listed;
    const { etag } = listed;
    const validators = { etag, lastModified: '', lastModifiedSeconds: Number.NaN, isDateStrong: false };
    switch (evaluatePreconditions(method, headers, validators)) {
      case 'not-modified':
        return listed.notModified;
      case 'precondition-failed':
        return 'request.precondition-failed';
      case 'proceed':
        return listed.whole;
    }
  }

  #list(name: string, form: Form, order: ListingOrder): Promise<Listed | 'absent' | ErrorCode> | Listed {
    const key = `${form}${queryOf(order)} ${name}`;
    const known = this.#kept.get(key);
    if (known !== undefined && monotonicNow() < known.freshUntil) return known;
    return this.#making.join(key, () => this.#make(key, name, form, order));
  }

  async #make(
    key: string,
    name: string,
    form: Form,
    order: ListingOrder,
  ): Promise<Listed | 'absent' | ErrorCode> {
    const { content: read, freshUntil } = await this.#directories.read(name);
    const known = this.#kept.get(key);
    this.#kept.delete(key);
    if (typeof read === 'string') return read;
    const content = { ...read, entries: sortEntries([...read.entries], order) };
    const body = form === 'text/html' ? await page(name, content, order) : json(name, content);
    const etag = `"${hash('sha256', body, 'base64url').slice(0, 22)}"`;
    const listed = known?.etag === etag ? { ...known, freshUntil } : toListed(form, body, etag, freshUntil);
    this.#kept.set(key, listed);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= MOST_KEPT) break;
      this.#kept.delete(oldest);
    }
    return listed;
  }
}

function toListed(form: Form, body: Buffer, etag: string, freshUntil: number): Listed {
  // Never used without being asked about: what is in a directory changes (RFC 9111 §5.2.2.4).
  const always = ['ETag', etag, 'Cache-Control', 'no-cache', 'Vary', 'Accept'];
  const headers = HeaderList.of(
    'Content-Type',
    form === 'text/html' ? 'text/html; charset=utf-8' : form,
    'X-Content-Type-Options',
    'nosniff',
    ...always,
  );
  if (form === 'text/html') headers.append('Content-Security-Policy', LISTING_POLICY);
  return {
    whole: new Response(200, headers, body, { reusable: true }),
    notModified: new Response(304, HeaderList.of(...always), null, { reusable: true }),
    etag,
    freshUntil,
  };
}

async function page(name: string, content: DirectoryContent, order: ListingOrder): Promise<Buffer> {
  const { entries } = content;
  const query = queryOf(order);
  const parts = [listingHead(name, content, order)];
  for (let at = 0; at < entries.length; at += ROWS_AT_ONCE) {
    if (at > 0) await setImmediate();
    for (const entry of entries.slice(at, at + ROWS_AT_ONCE)) parts.push(listingRow(entry, query));
  }
  parts.push(listingFoot(content));
  return Buffer.from(parts.join(''));
}

function json(path: string, { entries, hasMore }: DirectoryContent): Buffer {
  const list = entries.map(({ name, isDirectory, size, modified }) => ({
    name,
    type: isDirectory ? 'directory' : 'file',
    size: isDirectory ? null : size,
    modified: new Date(modified).toISOString(),
  }));
  return Buffer.from(`${JSON.stringify({ path, entries: list, truncated: hasMore })}\n`);
}
