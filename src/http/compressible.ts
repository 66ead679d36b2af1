/** Whether bytes of a media type get smaller by being compressed: they do, they are compressed already, or nobody knows. */
export type Compressibility = 'compressible' | 'compressed' | 'unknown';

/** Types that were asked for lately: there are few, and each costs microseconds. */
const known = new Map<string, Compressibility>();
const MOST_KNOWN = 64;

/** The compressibility of a media type; parameters such as `charset` do not matter. */
export function compressibilityOf(mediaType: string): Compressibility {
  let found = known.get(mediaType);
  if (found === undefined) {
    found = compare(mediaType);
    if (known.size >= MOST_KNOWN) known.clear();
    known.set(mediaType, found);
  }
  return found;
}

function compare(mediaType: string): Compressibility {
  const end = mediaType.indexOf(';');
  const type = (end < 0 ? mediaType : mediaType.slice(0, end)).trim().toLowerCase();
  if (COMPRESSIBLE.test(type)) return 'compressible';
  return COMPRESSED.test(type) ? 'compressed' : 'unknown';
}

const either = (...types: readonly string[]): RegExp => new RegExp(`^(?:${types.join('|')})$`);

const COMPRESSIBLE = either(
  'text/.+',
  // RFC 6839 and its like: what it is, is said by the suffix.
  '.+\\+(?:json|xml|text|yaml|json-seq)',
  'application/(?:json|json5|jsonml|x-ndjson|javascript|x-javascript|ecmascript|typescript)',
  'application/(?:xml|xml-dtd|xhtml|wsdl|rtf|sql|graphql|yaml|x-yaml|toml|n-triples|n-quads|trig)',
  'application/(?:x-sh|x-httpd-php|x-perl|x-tex|x-latex|x-subrip|x-web-app-manifest|postscript|tar|x-tar)',
  'application/(?:wasm|x-font-ttf|x-font-otf|vnd\\.ms-fontobject|vnd\\.ms-opentype)',
  'font/(?:ttf|otf|sfnt|collection)',
  'image/(?:bmp|x-ms-bmp|x-icon|vnd\\.microsoft\\.icon|vnd\\.adobe\\.photoshop|x-portable-.+)',
  'audio/(?:wav|x-wav|wave|vnd\\.wave|midi|x-midi)',
  'model/(?:obj|mtl|stl|step|vrml)',
);

const COMPRESSED = either(
  'image/.+',
  'audio/.+',
  'video/.+',
  'font/woff2?',
  '.+\\+(?:zip|gzip|zstd)',
  'application/(?:zip|gzip|x-gzip|zstd|x-bzip2?|x-xz|x-lzma|x-7z-compressed|vnd\\.rar|x-rar-compressed|x-compress)',
  'application/(?:pdf|ogg|mp4|java-archive|vnd\\.android\\.package-archive|x-apple-diskimage|x-font-woff|font-woff2?)',
  'application/vnd\\.(?:openxmlformats-officedocument|oasis\\.opendocument)\\..+',
);
