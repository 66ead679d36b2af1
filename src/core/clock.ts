import { performance } from 'node:perf_hooks';

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const two = (n: number): string => (n < 10 ? `0${n}` : `${n}`);

/** An instant as an IMF-fixdate, the one date format that HTTP generates (RFC 9110 §5.6.7). `ms` is Unix time. */
export function formatHttpDate(ms: number): string {
  const d = new Date(ms);
  return (
    `${DAYS[d.getUTCDay()]}, ${two(d.getUTCDate())} ${MONTHS[d.getUTCMonth()]} ${d.getUTCFullYear()} ` +
    `${two(d.getUTCHours())}:${two(d.getUTCMinutes())}:${two(d.getUTCSeconds())} GMT`
  );
}

let present = '';

/** The present instant as an HTTP date; formatted once a second. As long as the event loop stands still, so does it. */
export function httpDateNow(): string {
  if (present === '') {
    const now = Date.now();
    present = formatHttpDate(now);
    setTimeout(forget, 1000 - (now % 1000)).unref();
  }
  return present;
}

function forget(): void {
  present = '';
}

/** Milliseconds on a clock that never goes back; for measuring how long something took. */
export function monotonicNow(): number {
  return performance.now();
}
