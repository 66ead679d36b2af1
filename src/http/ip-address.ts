const IPV4 = /^(?:(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(?:\.(?!$)|$)){4}$/;
const IPV6 = /^[0-9A-Fa-f:.]{2,45}$/;
/** An IPv4 address in IPv6 clothes (RFC 4291 §2.5.5.2), in the form that the URL parser gives it. */
const MAPPED = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/;

/**
 * An IP address in its shortest form, as peers have it: IPv6 in lower case (RFC 5952), an IPv4 one that is mapped into
 * IPv6 as what it is. Undefined for anything else: a zone, leading zeros that some read as octal, a name.
 */
export function ipAddress(text: string): string | undefined {
  if (IPV4.test(text)) return text;
  if (!text.includes(':') || !IPV6.test(text) || !URL.canParse(`http://[${text}]/`)) return undefined;
  const address = new URL(`http://[${text}]/`).hostname.slice(1, -1);
  const mapped = MAPPED.exec(address);
  if (mapped === null) return address;
  const [high, low] = [Number.parseInt(mapped[1], 16), Number.parseInt(mapped[2], 16)];
  return `${high >> 8}.${high & 0xff}.${low >> 8}.${low & 0xff}`;
}

/**
 * The address of a node as proxies write it: an IP address, in brackets or not, with a port or not. Undefined for what
 * is no address: `unknown`, an obfuscated name (RFC 7239 §6.3), nonsense.
 */
export function nodeAddress(node: string): string | undefined {
  const parts = NODE.exec(node);
  return ipAddress(parts?.[1] ?? parts?.[2] ?? node);
}

/** `[IPv6]`, `[IPv6]:port`, `IPv4:port`; a port may be obfuscated too. */
const NODE = /^(?:\[([^\]]*)\]|([0-9.]+))(?::(?:[0-9]{1,5}|_[\w.-]+))?$/;
