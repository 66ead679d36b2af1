import { STATUS_CODES } from '../http/status.ts';
import { escapeHtml, PAGE_HEAD } from './html.ts';

/**
 * The page that a person sees when a request fails: one small document of its own, with nothing to load, light or dark
 * as the reader's system is, readable on a phone. It tells what happened in one sentence and the id under which the
 * log has the rest, and nothing of what stands behind.
 *
 * `rule` is the one that the request broke. All texts may hold anything; they are escaped.
 */
export function errorPage(status: number, message: string, id: string, rule?: string): string {
  const title = statusTitle(status);
  return `${PAGE_HEAD}<title>${status} ${title}</title>
${STYLE}
<main>
<i></i>
<h1><b>${status}</b> ${title}</h1>
<p>${escapeHtml(message)}</p>${rule === undefined ? '' : `\n<p><small>${escapeHtml(rule)}</small></p>`}
<footer>Request id <code>${escapeHtml(id)}</code></footer>
</main>
</html>
`;
}

/** What a status is called where people read it, whatever an upstream called it: its registered name; that of 499 is nginx's. */
export function statusTitle(status: number): string {
  if (status === 499) return 'Client Closed Request';
  return STATUS_CODES[status] ?? (status >= 500 ? 'Server Error' : 'Request Refused');
}

// A crescent over a quiet page: the disc's inner shadow is the moon. In the dark it glows a little, and there are stars.
const STYLE = `<style>
:root { color-scheme: light dark; --sky: #f7f5f0; --dusk: #ebe7f3; --ink: #25233a; --soft: #6a6780; --line: #25233a1f; --moon: #c98a2b; --star: #0000 }
@media (prefers-color-scheme: dark) {
:root { --sky: #0f1020; --dusk: #1b1a33; --ink: #eeecf6; --soft: #a19eb8; --line: #ffffff24; --moon: #f3d591; --star: #fffb }
}
* { margin: 0; box-sizing: border-box }
body { min-height: 100vh; min-height: 100svh; display: grid; align-items: center; padding: 12vmin 8vw; font: 1.0625rem/1.6 system-ui, sans-serif; color: var(--ink); background: linear-gradient(var(--sky), var(--dusk)) fixed }
main { width: 100%; max-width: 32rem; margin: auto; padding-bottom: 6vh }
i { display: block; width: 3.5rem; height: 3.5rem; border-radius: 50%; transform: rotate(-18deg); box-shadow: inset .95rem -.45rem 0 var(--moon); position: relative }
i::after { content: ""; position: absolute; left: 4.6rem; top: .4rem; width: 2px; height: 2px; border-radius: 50%; background: var(--star); box-shadow: 3.5rem 2.2rem var(--star), 7rem .9rem 0 .5px var(--star), 12rem 2.6rem var(--star), 15rem -.2rem var(--star) }
h1 { margin: 1.5rem 0 .75rem; font-size: 1.375rem; line-height: 1.3; font-weight: 600 }
b { display: block; font-weight: 200; font-size: clamp(4.5rem, 22vw, 7.5rem); line-height: 1; letter-spacing: -.04em; margin: 0 0 .5rem -.04em }
p { color: var(--soft); text-wrap: pretty }
footer { margin-top: 2.5rem; padding-top: 1rem; border-top: 1px solid var(--line); font-size: .8125rem; color: var(--soft) }
code { display: inline-block; font: .8125rem ui-monospace, monospace; overflow-wrap: anywhere; user-select: all; color: var(--ink) }
</style>`;
