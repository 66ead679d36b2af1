/** The address without the IPv6 wrapping that a dual-stack socket gives an IPv4 peer. */
export function plainAddress(address: string | undefined): string {
  if (address === undefined) return 'unix';
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}
