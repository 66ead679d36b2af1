/** White space around a member (`OWS`, RFC 9110 §5.6.3), and no other: `trim` would take off a no-break space too. */
const AROUND = /^[\t ]+|[\t ]+$/g;

/** The members of a list-valued field (RFC 9110 §5.6.1), in lower case; empty ones are passed over. */
export function listMembers(value: string): string[] {
  return value
    .toLowerCase()
    .split(',')
    .map((member) => member.replaceAll(AROUND, ''))
    .filter((member) => member !== '');
}
