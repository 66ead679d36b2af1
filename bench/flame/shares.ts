import type { Frame } from './cpu-profile.ts';

type Kind = 'calls of the system' | 'our JavaScript' | "Node's JavaScript" | 'the collector' | 'the rest';

/** Functions of Node's in C++ that do little else than call the system. */
const CALL = /^(?:write|shutdown|close$|connect|bind|open|read|lstat|stat|getpeername|getsockname)/;

/** What the time of a profile went into, in one line, largest first. What has no name there, as reading from sockets, is the rest. */
export function sharesOf(root: Frame): string {
  const micros: Record<string, number> = {};
  const add = (frame: Frame): void => {
    let own = frame.micros;
    for (const each of frame.calls) {
      own -= each.micros;
      add(each);
    }
    const kind = kindOf(frame);
    micros[kind] = (micros[kind] ?? 0) + own;
  };
  add(root);
  return Object.entries(micros)
    .filter(([, own]) => own > 0)
    .toSorted(([, a], [, b]) => b - a)
    .map(([kind, own]) => `${kind} ${Math.round((100 * own) / root.micros)} %`)
    .join(', ');
}

function kindOf({ name, place }: Frame): Kind {
  if (name === '(garbage collector)') return 'the collector';
  if (place.startsWith('node:')) return "Node's JavaScript";
  if (place !== '') return 'our JavaScript';
  return CALL.test(name) ? 'calls of the system' : 'the rest';
}
