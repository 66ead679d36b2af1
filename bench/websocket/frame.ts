/** A text message of 64 bytes as a client sends it, masked, and as a server does (RFC 6455 §5.2). */
const payload = Buffer.alloc(64, 'message ');
const mask = Buffer.from([0x12, 0x34, 0x56, 0x78]);
export const fromServer = Buffer.concat([Buffer.from([0x81, payload.length]), payload]);
export const fromClient = Buffer.concat([
  Buffer.from([0x81, 0x80 | payload.length]),
  mask,
  payload.map((byte, i) => byte ^ mask[i % 4]),
]);
