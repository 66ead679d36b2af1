import { Buffer } from 'node:buffer';

/** The last segments of the path under which pages hear of changes, below any directory of the route. */
export const ENDPOINT = '/.dreamserver/reload';

/**
 * What is put into pages. It listens on the directory that its page lies in, which the page's own route answers, whatever
 * prefix that has. Style sheets are exchanged in place; anything else loads the page anew, and so does a server that
 * comes back as another one.
 */
export const CLIENT_SCRIPT = Buffer.from(`<script data-dreamserver="live reload">
(() => {
  const events = new window.EventSource(location.origin + location.pathname.replace(/\\/[^/]*$/, '${ENDPOINT}'));
  let server;
  events.addEventListener('server', ({ data }) => {
    if (server !== undefined && server !== data) location.reload();
    server = data;
  });
  events.addEventListener('page', () => location.reload());
  events.addEventListener('style', () => {
    for (const link of document.querySelectorAll('link[rel~="stylesheet"][href]')) {
      const url = new URL(link.href);
      if (url.origin !== location.origin) continue;
      url.searchParams.set('dreamserver', Date.now());
      const next = link.cloneNode();
      next.href = url.href;
      next.onload = () => link.remove();
      next.onerror = () => next.remove();
      link.after(next);
    }
  });
  addEventListener('pagehide', () => events.close());
})();
</script>
`);
