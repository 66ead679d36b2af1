import { Buffer } from 'node:buffer';
import { statSync } from 'node:fs';
import { monotonicNow } from '../../core/clock.ts';
import { CodingNegotiator } from '../../http/content-coding.ts';
import type { ReadonlyHeaderList } from '../../http/header-list.ts';
import { CachedFile } from './cached-file.ts';
import type { CodedOffer, CodedOffers, CompressedOffer, SiblingOffer } from './coded-offers.ts';
import type { Compressor } from './compressor.ts';
import { FRESH_MS, type FileStore } from './file-store.ts';
import type { FileVariant } from './file-variants.ts';
import { type FileVersion, isSameVersion } from './file-version.ts';

/**
 * How much older than its file, in milliseconds, a sibling may be: `gzip -k` gives it the file's date, some file systems
 * and archives count in steps of two seconds. An older one was not made of this version of the file.
 */
const SIBLING_AGE_MS = 2000;

/** The first request for a file up to this size, in bytes, waits for it to be compressed: some 2 to 4 ms. */
const WORTH_WAITING = 2 ** 17;
/** Unless this many bytes are to be compressed before it. */
const LONGEST_QUEUE = 2 ** 20;

/** A file that is being compressed. */
interface Compression {
  readonly of: FileVersion;
  /** Undefined when nothing came of it. */
  readonly result: Promise<CachedFile | undefined>;
}

/**
 * Chooses in which form a file is answered: as it is, as a sibling that lies beside it, or compressed by ourselves. A
 * coded form is kept like any other file, under a key of its own, and looked at like any other; so it goes when its room
 * is needed or when what it was made of has changed.
 *
 *     what the client accepts, best first
 *       ├─ a sibling     in memory, and not older than the file? ─▶ that
 *       │                  └─ looked for within 500 ms? ─▶ next     └─ look: there? ─▶ take it in, that
 *       ├─ compressed    in memory, and of this version? ─▶ that
 *       │                  └─ compress it; small: wait, that        └─ large, or too much to do: next
 *       └─ as it is      ─▶ that
 */
export class Representations {
  readonly #files: FileStore;
  readonly #compressor: Compressor;
  readonly #negotiator: CodingNegotiator<CodedOffer>;
  /** Siblings on their way into memory, by key. */
  readonly #loading = new Map<string, Promise<CachedFile | undefined>>();
  readonly #compressing = new Map<string, Compression>();

  constructor(offers: CodedOffers, files: FileStore, compressor: Compressor) {
    this.#files = files;
    this.#compressor = compressor;
    this.#negotiator = new CodingNegotiator(offers.all);
  }

  /**
   * The form of a file for a client, at `now` (`monotonicNow`). Where it accepts none, not even the file as it is, it
   * gets that: RFC 9110 §12.4.1 leaves the choice between this and a 406, which would help nobody.
   */
  choose(file: CachedFile, headers: ReadonlyHeaderList, now: number): CachedFile | Promise<CachedFile> {
    const { variants } = file;
    if (variants === undefined) return file;
    const acceptable = this.#negotiator.acceptable(headers);
    let mayCompress = true;
    for (let i = 0; i < acceptable.length; i++) {
      const offer = acceptable[i];
      if (offer.source === 'file') return file;
      const variant = variants[offer.place];
      if (now < variant.absentUntil) continue;
      const kept = this.#files.cached(variant.key, now);
      if (kept !== undefined && isOf(offer, kept, file)) return kept;
      let coming: CachedFile | Promise<CachedFile | undefined> | undefined;
      if (offer.source === 'sibling') {
        coming = this.#sibling(file, offer, variant, kept, now);
      } else if (mayCompress) {
        coming = this.#compressed(file, offer, variant);
        // One coding at a time: while that is made, another that is ready will do.
        mayCompress = false;
      }
      if (coming instanceof CachedFile) return coming;
      if (coming !== undefined) {
        return coming.then((form) =>
          form !== undefined && isOf(offer, form, file) ? form : this.choose(file, headers, now),
        );
      }
    }
    return file;
  }

  /** A sibling that is not in memory; `kept`: one that is, but is too old. Undefined when it is known that there is none. */
  #sibling(
    file: CachedFile,
    offer: SiblingOffer,
    variant: FileVariant,
    kept: CachedFile | undefined,
    now: number,
  ): CachedFile | Promise<CachedFile | undefined> | undefined {
    // Where it was looked for before, the system has the answer in its memory: there is nothing to wait for.
    const hadNone = variant.absentUntil > 0;
    if (kept !== undefined || (hadNone && !exists(file.path + offer.extension))) {
      variant.absentUntil = now + FRESH_MS;
      return undefined;
    }
    let loading = this.#loading.get(variant.key);
    if (loading === undefined) {
      const { coding, extension } = offer;
      const as = { coding, mediaType: file.mediaType, own: file.own };
      const shared = this.#files.kept(variant.key, file.name + extension, now, as);
      if (shared !== undefined && isOf(offer, shared, file)) return shared;
      loading = this.#load(file, offer, variant.key).finally(() => this.#loading.delete(variant.key));
      this.#loading.set(variant.key, loading);
    }
    return loading.then((found) => {
      if (found === undefined || !isOf(offer, found, file)) {
        variant.absentUntil = Math.max(now, monotonicNow()) + FRESH_MS;
      }
      return found;
    });
  }

  async #load(
    { name, mediaType, own }: CachedFile,
    { coding, extension }: SiblingOffer,
    key: string,
  ): Promise<CachedFile | undefined> {
    // One that cannot be read is as good as none: there is the file itself.
    const found = await this.#files
      .load(key, name + extension, [], { coding, mediaType, own })
      .catch(() => undefined);
    return typeof found === 'string' ? undefined : found;
  }

  /** Undefined when nobody waits for it, or when it is not done now. */
  #compressed(
    file: CachedFile,
    { coding }: CompressedOffer,
    variant: FileVariant,
  ): CachedFile | Promise<CachedFile | undefined> | undefined {
    const { size } = file;
    // What may be changing still is not worth the work yet.
    if (!file.settled) return undefined;
    const isWaitedFor = size <= WORTH_WAITING && this.#compressor.pendingBytes <= LONGEST_QUEUE;
    let compression = this.#compressing.get(variant.key);
    if (compression === undefined) {
      const made = this.#files.keptMade(variant.key, file, coding);
      if (made !== undefined) return made;
      if (!this.#compressor.hasRoomFor(size)) return undefined;
      // Those that are shared may be given away while they are compressed. What is not in memory is not worth the work yet.
      const bytes = Buffer.isBuffer(file.bytes) ? file.bytes : file.bytes?.copy();
      if (bytes === undefined) return undefined;
      const result = this.#compress(file, bytes, coding, variant.key);
      compression = { of: file.version, result: result.finally(() => this.#compressing.delete(variant.key)) };
      this.#compressing.set(variant.key, compression);
    }
    return isWaitedFor && isSameVersion(compression.of, file.version) ? compression.result : undefined;
  }

  async #compress(
    file: CachedFile,
    bytes: Buffer,
    coding: CompressedOffer['coding'],
    key: string,
  ): Promise<CachedFile | undefined> {
    const compressed = await this.#compressor.compress(bytes, coding);
    if (compressed === undefined || compressed.length >= bytes.length) {
      // Another coding would not make it smaller either.
      for (const variant of file.variants ?? []) {
        if (variant.key.startsWith('compressed')) variant.absentUntil = Infinity;
      }
      return undefined;
    }
    return this.#files.keepMade(key, file, coding, compressed);
  }
}

/** Whether a coded form was made of this version of a file. */
function isOf(offer: SiblingOffer | CompressedOffer, form: CachedFile, file: CachedFile): boolean {
  if (offer.source === 'compressed') return isSameVersion(form.version, file.version);
  // One in another root is none of this file.
  if (form.path !== file.path + offer.extension) return false;
  return form.version.mtimeMs >= file.version.mtimeMs - SIBLING_AGE_MS;
}

const QUIETLY = { throwIfNoEntry: false } as const;

function exists(path: string): boolean {
  try {
    return statSync(path, QUIETLY) !== undefined;
  } catch {
    // Something is there that cannot be looked at; taking it in says what.
    return true;
  }
}
