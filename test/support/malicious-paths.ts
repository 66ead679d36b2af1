/** Spellings of `..` that some server once took for it. */
const UPS = [
  '..',
  '%2e%2e',
  '%2E%2E',
  '%2E.',
  '.%2e',
  // Decoded twice, and three times.
  '%252e%252e',
  '%25252e%25252e',
  // Overlong forms of two to six bytes, and bytes that a mask makes the same.
  '%c0%ae%c0%ae',
  '%c0%2e%c0%2e',
  '%e0%80%ae%e0%80%ae',
  '%f0%80%80%ae%f0%80%80%ae',
  '%f8%80%80%80%ae%f8%80%80%80%ae',
  '%fc%80%80%80%80%ae%fc%80%80%80%80%ae',
  '\xae\xae',
  '%ae%ae',
  // Characters that look like dots, and those that vanish when a name is normalised.
  '%ef%bc%8e%ef%bc%8e',
  '%e2%80%a4%e2%80%a4',
  '%e2%80%a5',
  '.%e2%80%8b.',
  '..%c2%ad',
  // Escapes of other languages.
  '%u002e%u002e',
  '%uff0e%uff0e',
  '&#46;&#46;',
  // What ends a name too early, or is cut off its end.
  '..%00',
  '%00..',
  '.%00.',
  '..%20',
  '..%09',
  '..%0a',
  '..%0d%0a',
  '.%0d.',
  '..%01',
  '..;',
  '..;a=b',
  '..%3b',
  '..::$INDEX_ALLOCATION',
  '...',
  '....',
  '.. ',
  '. .',
];

/** Spellings of `/` that some server once took for it. */
const SEPARATORS = [
  '/',
  '//',
  '/./',
  ';/',
  '/;/',
  '%2f',
  '%2F',
  '%252f',
  '\\',
  '%5c',
  '%5C',
  '%255c',
  '%c0%af',
  '%e0%80%af',
  '%c1%9c',
  // U+FF0F, U+2215, U+2044, U+29F5
  '%ef%bc%8f',
  '%e2%88%95',
  '%e2%81%84',
  '%e2%a7%b5',
  '%u2215',
];

/** Paths that climb out of a root to `canary.txt` above it or in `site-secret` beside it, by the spelling of `..`. */
export const climbingPaths: readonly { readonly up: string; readonly paths: readonly string[] }[] = UPS.map(
  (up) => ({
    up,
    paths: SEPARATORS.flatMap((separator) => [
      `/${up}${separator}canary.txt`,
      `/docs/${up}${separator}${up}${separator}canary.txt`,
      `/hello.txt${separator}${up}${separator}${up}${separator}canary.txt`,
      `${separator}${up}${separator}site-secret${separator}canary.txt`,
    ]),
  }),
);

/** Paths that name `canary.txt` in the directory `above` the root by its place, by links, or by names of systems. */
export function outsidePaths(above: string): string[] {
  const drives = [
    'C:',
    'c:',
    'C%3A',
    'C|',
    '%43:',
    '%3F/C:',
    '%5c%5c?%5cC:',
    '\\\\?\\C:',
    '/localhost/C$',
    '%2f%2fserver%2fshare',
  ];
  const roots = [
    '',
    '/',
    '//',
    '/%2f',
    '/file:',
    '/file://',
    '/proc/self/root',
    '/proc/1/root',
    '/proc/self/cwd',
    '/dev/fd',
  ];
  return [
    ...roots.flatMap((root) => [`${root}${above}/canary.txt`, `/docs${root}${above}/canary.txt`]),
    ...drives.flatMap((drive) => [
      `/${drive}/canary.txt`,
      `/${drive}\\canary.txt`,
      `/${drive}canary.txt`,
      `/docs/${drive}/..%5ccanary.txt`,
    ]),
    ...[
      '.',
      '%20',
      '%00',
      '%00.html',
      '%0a',
      '::$DATA',
      '%3a%3a$DATA',
      '/',
      '/.',
      '%2f',
      '~',
      '.bak',
      ';.html',
      '%23',
      '*',
    ].flatMap((tail) => [`/../canary.txt${tail}`, `/..%2fcanary.txt${tail}`, `/link-out.txt${tail}`]),
    ...[
      'link-out.txt',
      'LINK-OUT.TXT',
      '%6cink-out.txt',
      './link-out.txt',
      'docs/../link-out.txt',
      '/link-out.txt',
    ].map((name) => `/${name}`),
    ...[
      '',
      '/.',
      '//',
      '/..',
      '/%2e',
      '/site-secret',
      '/site-secret/../',
      '/site/..',
      '/directory-out',
    ].flatMap((way) => [
      `/directory-out${way}/canary.txt`,
      `/directory-out${way}%2fcanary.txt`,
      `/docs/../directory-out${way}/canary.txt`,
    ]),
    ...['site-secret', 'SITE-SECRET', 'SITE-S~1', 'site-s~1', '-secret', '..-secret'].map(
      (name) => `/../${name}/canary.txt`,
    ),
    ...[
      '~',
      '~root',
      '-secret',
      '..site-secret',
      '%',
      '%2',
      '%zz',
      '$HOME',
      '%24HOME',
      '{..}',
      '*',
      '..*',
    ].map((name) => `/${name}/canary.txt`),
    ...[10, 100, 1000].flatMap((times) => [
      `/${'../'.repeat(times)}canary.txt`,
      `/${'%2e%2e/'.repeat(times)}canary.txt`,
      `/${'..%2f'.repeat(times)}canary.txt`,
      `/${'docs/'.repeat(times)}${'../'.repeat(times + 1)}canary.txt`,
      `${'/'.repeat(times)}../canary.txt`,
      `/${'x'.repeat(times)}/../../canary.txt`,
    ]),
  ];
}
