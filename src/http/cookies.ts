import { knownField } from './field-names.ts';
import { type ReadonlyHeaderList, SEVERAL } from './header-list.ts';

const COOKIE = knownField('cookie');

/**
 * The value of the first cookie of that name in a request; undefined when there is none. Names are compared by the letter
 * (RFC 6265 §5.4); what is malformed around it is passed over.
 */
export function cookieValue(headers: ReadonlyHeaderList, name: string): string | undefined {
  const sole = headers.getSole(COOKIE);
  if (sole !== SEVERAL) return sole === undefined ? undefined : valueIn(sole, name);
  for (const field of headers.getAll('cookie')) {
    const value = valueIn(field, name);
    if (value !== undefined) return value;
  }
  return undefined;
}

function valueIn(field: string, name: string): string | undefined {
  for (let at = 0; at < field.length;) {
    const semicolon = field.indexOf(';', at);
    const end = semicolon === -1 ? field.length : semicolon;
    while (field[at] === ' ') at++;
    if (field.startsWith(name, at) && field[at + name.length] === '=') {
      return field.slice(at + name.length + 1, end).trimEnd();
    }
    at = end + 1;
  }
  return undefined;
}
