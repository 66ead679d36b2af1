const DAY = '(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)';
const LONG_DAY = '(?:Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday)';
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const MONTH = `(?<month>${MONTHS.join('|')})`;
const TIME = '(?<hour>\\d\\d):(?<minute>\\d\\d):(?<second>\\d\\d)';

/** The one form that is generated, and the two obsolete ones that are still understood. Case matters in all of them. */
const FORMS = [
  new RegExp(`^${DAY}, (?<day>\\d\\d) ${MONTH} (?<year>\\d{4}) ${TIME} GMT$`),
  new RegExp(`^${LONG_DAY}, (?<day>\\d\\d)-${MONTH}-(?<shortYear>\\d\\d) ${TIME} GMT$`),
  new RegExp(`^${DAY} ${MONTH} (?<day>\\d\\d| \\d) ${TIME} (?<year>\\d{4})$`),
];

/**
 * An HTTP-date in any of its three forms (RFC 9110 §5.6.7) as Unix time in seconds; undefined for anything else.
 * `now` is Unix time in milliseconds: a year of two digits is the one that lies no more than 50 years ahead of it.
 */
export function parseHttpDate(text: string, now: number = Date.now()): number | undefined {
  for (const form of FORMS) {
    const fields = form.exec(text)?.groups;
    if (fields === undefined) continue;
    const year =
      fields['year'] === undefined ? fullYear(Number(fields['shortYear']), now) : Number(fields['year']);
    return instant(
      year,
      MONTHS.indexOf(fields['month'] ?? ''),
      Number(fields['day']),
      Number(fields['hour']),
      Number(fields['minute']),
      Number(fields['second']),
    );
  }
  return undefined;
}

function fullYear(twoDigits: number, now: number): number {
  const latest = new Date(now).getUTCFullYear() + 50;
  const year = latest - (latest % 100) + twoDigits;
  return year > latest ? year - 100 : year;
}

function instant(
  year: number,
  month: number,
  day: number,
  hour: number,
  minute: number,
  second: number,
): number | undefined {
  // 60 is a leap second.
  if (hour > 23 || minute > 59 || second > 60) return undefined;
  const date = new Date(0);
  // Not Date.UTC, which takes the years 0 to 99 for 1900 to 1999.
  date.setUTCFullYear(year, month, day);
  if (date.getUTCMonth() !== month || date.getUTCDate() !== day) return undefined;
  return date.getTime() / 1000 + hour * 3600 + minute * 60 + second;
}
