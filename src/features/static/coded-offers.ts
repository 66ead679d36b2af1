import { compressibilityOf } from '../../http/compressible.ts';
import type { ContentCoding } from '../../http/content-coding.ts';
import type { FileVariants } from './file-variants.ts';
import type { StaticOptions } from './schema.ts';

/** What is put behind a file's name for its form in a coding. */
const EXTENSIONS: Readonly<Record<ContentCoding, string>> = { br: '.br', zstd: '.zst', gzip: '.gz' };

/** Names of files that are in a coding already: themselves they are served as they are. */
const CODED_NAME = /\.(?:br|zst|gz)$/i;

/** Larger files are not compressed: who has such ones compresses them when building, once for all workers and restarts. */
const LARGEST_COMPRESSED = 8 * 2 ** 20;

/** A file that was compressed when the site was built, and lies beside it. */
export interface SiblingOffer {
  readonly source: 'sibling';
  readonly coding: ContentCoding;
  /** Behind the file's name. */
  readonly extension: string;
  /** Its place among the offers, and among the variants of a file. */
  readonly place: number;
}

/** The file compressed by ourselves. */
export interface CompressedOffer {
  readonly source: 'compressed';
  readonly coding: ContentCoding;
  readonly place: number;
}

/** The file as it is. */
export interface PlainOffer {
  readonly source: 'file';
  readonly coding: 'identity';
}

export type CodedOffer = SiblingOffer | CompressedOffer | PlainOffer;

/** In which forms a site offers its files, and which of them a file can have. */
export class CodedOffers {
  /** Best first: what lies there ready costs nothing, and was mostly compressed with more patience than we have. */
  readonly all: readonly CodedOffer[];
  readonly #coded: readonly (SiblingOffer | CompressedOffer)[];
  readonly #options: StaticOptions;

  private constructor(options: StaticOptions) {
    const { precompressed, compress } = options;
    const siblings = precompressed.map((coding, place) => {
      return { source: 'sibling', coding, extension: EXTENSIONS[coding], place } as const;
    });
    const compressed = (compress?.codings ?? []).map((coding, i) => {
      return { source: 'compressed', coding, place: siblings.length + i } as const;
    });
    this.#options = options;
    this.#coded = [...siblings, ...compressed];
    this.all = [...this.#coded, { source: 'file', coding: 'identity' }];
  }

  /** Undefined where files are only ever served as they are. */
  static of(options: StaticOptions): CodedOffers | undefined {
    const offers = new CodedOffers(options);
    return offers.#coded.length === 0 ? undefined : offers;
  }

  /** See `VariantsOf`. What is compressed already, such as a picture, has no other form, even if one lies beside it. */
  readonly variantsOf = (name: string, mediaType: string, size: number): FileVariants | undefined => {
    if (CODED_NAME.test(name)) return undefined;
    const hasSiblings =
      this.#options.precompressed.length > 0 && compressibilityOf(mediaType) !== 'compressed';
    const isCompressed = this.#isCompressed(mediaType, size);
    if (!hasSiblings && !isCompressed) return undefined;
    return this.#coded.map(({ source, coding }) => ({
      key: `${source} ${coding} ${name}`,
      absentUntil: (source === 'sibling' ? hasSiblings : isCompressed) ? 0 : Infinity,
    }));
  };

  #isCompressed(mediaType: string, size: number): boolean {
    const { compress } = this.#options;
    if (compress === undefined || size < compress.minSize || size > LARGEST_COMPRESSED) return false;
    const { types } = compress;
    if (types === undefined) return compressibilityOf(mediaType) === 'compressible';
    const [type = ''] = mediaType.split(';');
    return types.includes(type) || types.includes(`${type.slice(0, type.indexOf('/'))}/*`);
  }
}
