const HT = 0x09;
const SP = 0x20;
const COMMA = 0x2c;

/**
 * The members of a list-valued field (RFC 9110 §5.6.1), in lower case; empty ones are passed over. White space around
 * them is `OWS` (§5.6.3): `trim` would take off a no-break space too.
 */
export function listMembers(value: string): string[] {
  const text = value.toLowerCase();
  const members: string[] = [];
  let start = -1;
  let end = -1;
  for (let i = 0; i <= text.length; i++) {
    const code = i === text.length ? COMMA : text.charCodeAt(i);
    if (code === COMMA) {
      if (start !== -1) members.push(text.slice(start, end));
      start = -1;
    } else if (!isBlank(code)) {
      if (start === -1) start = i;
      end = i + 1;
    }
  }
  return members;
}

/** A text without the white space around it, as `OWS` is (RFC 9110 §5.6.3). */
export function trimBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === SP || code === HT;
}
