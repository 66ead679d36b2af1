import { hash } from 'node:crypto';
import { escapeHtml, PAGE_HEAD } from '../../pipeline/html.ts';
import { type DirectoryContent, type DirectoryEntry, MOST_ENTRIES } from './directory-entries.ts';
import { firstOrder, type ListingOrder, queryOf, type SortKey } from './listing-order.ts';

/*
 * The page that shows what a directory holds: of the family of the error pages (`pipeline/error-page.ts`), one document
 * with nothing to load and no script. Sorting is done by links, and all links are relative, so that the page does not
 * need to know under which path its root is served.
 */

/** All that comes before the rows of the entries. `name` is the directory's below the root: `/`, `/docs/`. */
export function listingHead(
  name: string,
  { entries, hasMore }: DirectoryContent,
  order: ListingOrder,
): string {
  const query = escapeHtml(queryOf(order));
  const up = name === '/' ? '' : `<tr class=u><td colspan=3><a href="../${query}">Parent folder</a>\n`;
  return `${PAGE_HEAD}<title>Index of ${escapeHtml(name).replaceAll(UNSEEN, codeOf)}</title>
<style>${STYLE}</style>
<main>
<header>
<a class=moon href="${'../'.repeat(depthOf(name)) || './'}${query}" aria-label="Top folder"><i></i></a>
<h1><nav aria-label="Breadcrumb">${breadcrumb(name, query)}</nav></h1>
<p>${summary(entries, hasMore)}</p>
</header>
<table>
<thead><tr>${COLUMNS.map(([key, label]) => columnHead(key, label, order)).join('')}
<tbody>
${up}`;
}

/** One line of the list; `query` is that of the page's order, which a directory's own page is to have too. */
export function listingRow({ name, isDirectory, size, modified }: DirectoryEntry, query: string): string {
  const slash = isDirectory ? '/' : '';
  // With `./` before it, a name with a colon is not taken for a scheme (RFC 3986 §4.2).
  const href = `./${encodeURIComponent(name)}${slash}${isDirectory ? query : ''}`;
  const time = new Date(modified).toISOString();
  const sized = isDirectory ? '' : `<data value=${size}>${humanSize(size)}</data>`;
  return `<tr${isDirectory ? ' class=d' : ''}><td><a href="${escapeHtml(href)}"><bdi>${visible(name)}</bdi>${slash}</a><td>${sized}<td><time datetime=${time}>${time.slice(0, 10)} ${time.slice(11, 16)}</time>\n`;
}

/** All that comes after the rows. */
export function listingFoot({ entries, hasMore, unnameable }: DirectoryContent): string {
  const notes: string[] = [];
  if (entries.length === 0) notes.push(hasMore ? '' : '<p class=empty>There is nothing here yet.</p>');
  if (hasMore) {
    notes.push(
      `<p class=note>This folder holds more than is shown: the list ends after ${grouped(MOST_ENTRIES)} entries.</p>`,
    );
  }
  if (unnameable > 0) {
    notes.push(
      `<p class=note>Not shown: ${count(unnameable, 'entry', 'entries')} whose name is not UTF-8, so that no address leads there.</p>`,
    );
  }
  return `</table>\n${notes.join('\n')}\n<footer>Times are in UTC.</footer>\n</main>\n</html>\n`;
}

const COLUMNS: readonly (readonly [SortKey, string])[] = [
  ['name', 'Name'],
  ['size', 'Size'],
  ['time', 'Modified'],
];

function columnHead(by: SortKey, label: string, order: ListingOrder): string {
  const isSorted = order.by === by;
  const next = isSorted ? { by, descending: !order.descending } : firstOrder(by);
  const href = `?sort=${by}&#38;order=${next.descending ? 'desc' : 'asc'}`;
  const direction = order.descending ? 'descending' : 'ascending';
  return `<th scope=col${isSorted ? ` aria-sort=${direction}` : ''}><a href="${href}">${label}</a>`;
}

/** The directories on the way, each a link; where one is, at the end. */
function breadcrumb(name: string, query: string): string {
  const segments = name.split('/').slice(1, -1);
  const depth = segments.length;
  if (depth === 0) return '<a aria-current=page href="./">/</a>';
  const links = segments.map((segment, i) => {
    const isLast = i === depth - 1;
    const href = isLast ? './' : '../'.repeat(depth - 1 - i);
    return `<a${isLast ? ' aria-current=page' : ''} href="${href}${query}"><bdi>${visible(segment)}</bdi></a>`;
  });
  return `<a href="${'../'.repeat(depth)}${query}" aria-label="Top folder">/</a>${links.join('<s>/</s>')}`;
}

function depthOf(name: string): number {
  return name.split('/').length - 2;
}

function summary(entries: readonly DirectoryEntry[], hasMore: boolean): string {
  if (hasMore) return `${grouped(entries.length)} entries are shown; there are more`;
  const directories = entries.filter(({ isDirectory }) => isDirectory).length;
  const files = entries.length - directories;
  const bytes = entries.reduce((sum, { size }) => sum + size, 0);
  const parts: string[] = [];
  if (directories > 0) parts.push(count(directories, 'folder', 'folders'));
  if (files > 0) parts.push(`${count(files, 'file', 'files')}, ${humanSize(bytes)}`);
  return parts.join(', ') || 'Empty';
}

function count(number: number, one: string, many: string): string {
  return `${grouped(number)} ${number === 1 ? one : many}`;
}

function grouped(number: number): string {
  return String(number).replaceAll(/\B(?=(?:\d{3})+$)/g, ',');
}

const UNITS = ['kB', 'MB', 'GB', 'TB', 'PB'];

/** In units of a thousand, with as many digits as one reads at a glance: `999 B`, `1.5 kB`, `27 MB`. */
export function humanSize(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  let value = bytes / 1000;
  let unit = 0;
  // What would be rounded to a thousand is one of the next unit.
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${value < 9.95 ? value.toFixed(1) : value.toFixed(0)} ${UNITS[unit]}`;
}

/** C0, DEL and C1; what changes the direction of text or is not seen; the ends of lines and paragraphs. */
const UNSEEN =
  /[\0-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

/** A name as it can be read: nothing in it is markup, and nothing makes it look like another. */
function visible(name: string): string {
  return escapeHtml(name).replaceAll(UNSEEN, (character) => `<b>${codeOf(character)}</b>`);
}

function codeOf(character: string): string {
  return `U+${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`;
}

/** A picture as a mask, so that it has the colour of the theme. */
const mask = (shape: string): string =>
  `url("data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 20 20' fill='none' stroke='%23000' stroke-width='1.5' stroke-linejoin='round' stroke-linecap='round'%3E%3Cpath d='${shape}'/%3E%3C/svg%3E")`;

const FILE = mask('M5 2.5h6.5L15.5 6.5v11H5zM11.5 2.5v4h4');
const FOLDER = mask("M2.5 4.5h5l2 2.5h8v9.5h-15z' fill='%23000' fill-opacity='.28");
const UP = mask('M10 16V4.500M5 9.5l5-5 5 5');

const STYLE = `
:root { color-scheme: light dark; --sky: #f7f5f0; --dusk: #ebe7f3; --ink: #25233a; --soft: #6a6780; --line: #25233a1f; --lit: #fffc; --moon: #c98a2b; --star: #0000; --link: #4a3fb0 }
@media (prefers-color-scheme: dark) {
:root { --sky: #0f1020; --dusk: #1b1a33; --ink: #eeecf6; --soft: #a19eb8; --line: #ffffff1f; --lit: #ffffff0d; --moon: #f3d591; --star: #fffb; --link: #b9b2ff }
}
* { margin: 0; box-sizing: border-box }
body { min-height: 100vh; min-height: 100svh; padding: clamp(1.5rem, 6vmin, 4.5rem) clamp(1rem, 5vw, 4rem); font: 1rem/1.5 system-ui, sans-serif; color: var(--ink); background: linear-gradient(var(--sky), var(--dusk)) fixed }
main { max-width: 58rem; margin: auto }
header { padding: 0 .75rem 1.75rem }
.moon { display: inline-block; border-radius: 50% }
i { display: block; width: 2.75rem; height: 2.75rem; border-radius: 50%; transform: rotate(-18deg); box-shadow: inset .75rem -.35rem 0 var(--moon); position: relative }
i::after { content: ""; position: absolute; left: 4rem; top: .4rem; width: 2px; height: 2px; border-radius: 50%; background: var(--star); box-shadow: 2.5rem 1.4rem var(--star), 6rem .6rem 0 .5px var(--star), 10rem 1.8rem var(--star), 13rem -.2rem var(--star) }
h1 { margin: .9rem 0 .2rem; font-size: clamp(1.35rem, 4.5vw, 1.9rem); line-height: 1.35; font-weight: 300; letter-spacing: -.01em; overflow-wrap: anywhere }
h1 a { color: var(--soft); text-decoration: none; padding: 0 .12em; border-radius: .2em }
h1 a:first-child { padding: 0 .3em 0 0 }
h1 a:hover { color: var(--link) }
h1 [aria-current] { color: var(--ink); font-weight: 600 }
s { text-decoration: none; color: var(--soft); opacity: .6; padding: 0 .15em }
header p, footer, .note, .empty { color: var(--soft); font-size: .875rem }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums }
th { text-align: left; font-size: .8125rem; font-weight: 500; padding: 0; border-bottom: 1px solid var(--line) }
th a { display: block; padding: .5rem .75rem; color: var(--soft); text-decoration: none; border-radius: .4rem; white-space: nowrap }
th a:hover, th[aria-sort] a { color: var(--ink) }
th[aria-sort] a::after { content: "\\2191"; padding-left: .35em; color: var(--moon) }
th[aria-sort=descending] a::after { content: "\\2193" }
th:nth-child(2), td:nth-child(2) { text-align: right; width: 7rem }
th:nth-child(3), td:nth-child(3) { text-align: right; width: 11rem }
tbody tr { position: relative; border-bottom: 1px solid var(--line) }
tbody tr:last-child { border-bottom: 0 }
tbody tr:hover { background: var(--lit) }
td { padding: .55rem .75rem; vertical-align: baseline; white-space: nowrap; color: var(--soft); font-size: .875rem }
td:first-child { white-space: normal; overflow-wrap: anywhere; padding-left: 2.9rem; font-size: 1rem }
td a { color: var(--ink); text-decoration: none }
td a::before { content: ""; position: absolute; left: .8rem; top: .68rem; width: 1.25rem; height: 1.25rem; background: var(--soft); -webkit-mask: var(--icon) center / contain no-repeat; mask: var(--icon) center / contain no-repeat; --icon: ${FILE} }
td a::after { content: ""; position: absolute; inset: 0; border-radius: .4rem }
.d a { font-weight: 500 }
.d a::before { background: var(--moon); --icon: ${FOLDER} }
.u a { color: var(--soft) }
.u a::before { --icon: ${UP} }
tr:hover td a { color: var(--link) }
a:focus-visible { outline: 2px solid var(--link); outline-offset: 2px }
td a:focus-visible { outline: 0 }
td a:focus-visible::after { outline: 2px solid var(--link); outline-offset: -2px }
b { font: 500 .75em ui-monospace, monospace; color: var(--soft); border: 1px solid var(--line); border-radius: .3em; padding: 0 .25em; margin: 0 .1em }
.empty { padding: 2.5rem .75rem; text-align: center }
.note { margin: 1rem .75rem 0 }
footer { margin: 1.5rem .75rem 0; padding-top: 1rem; border-top: 1px solid var(--line); font-size: .8125rem }
@media (max-width: 40rem) {
header { padding: 0 .5rem 1.25rem }
thead tr { display: flex }
th, th:nth-child(n) { width: auto; flex: 1; text-align: left }
th:nth-child(2) a { text-align: center }
th:nth-child(3) a { text-align: right }
th a { padding: .6rem .5rem }
tbody tr { display: grid; grid-template-columns: auto 1fr; column-gap: .9rem; padding: .6rem .5rem .6rem 2.65rem }
tbody td, tbody td:nth-child(n) { width: auto; padding: 0; text-align: left; font-size: .8125rem }
td:first-child:nth-child(n) { grid-column: 1 / -1; padding: 0; font-size: 1rem }
td:empty { display: none }
td a::before { left: .5rem; top: .72rem }
footer, .note { margin-left: .5rem; margin-right: .5rem }
}
@media print { body { background: none } .u, footer { display: none } }
`;

/**
 * What the page may do: show its own style and pictures that are in it. So even a name that got through the escaping
 * would run nothing.
 */
export const LISTING_POLICY = `default-src 'none'; style-src 'sha256-${hash('sha256', STYLE, 'base64')}'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'`;
