import { Buffer } from 'node:buffer';
import { understand } from '../config/read.ts';
import type { Anatomy } from '../http1/anatomy.ts';
import { anatomyOfRequests } from '../http1/anatomy-request.ts';
import { anatomyOfResponses } from '../http1/anatomy-response.ts';

/**
 * Takes bytes apart as a connection of the server would read them from a client: every byte named, every decision with
 * its rule. The limits are those of a configuration that names none.
 */
export async function explainRequests(bytes: Uint8Array): Promise<Anatomy> {
  const { limits } = await understand({
    value: { routes: [{ respond: 'ok' }] },
    origin: { directory: process.cwd() },
  });
  return anatomyOfRequests(asBuffer(bytes), limits);
}

/**
 * Takes bytes apart as a connection to an upstream would read them: the answers to a request of this method, on which
 * their framing depends.
 */
export function explainResponses(bytes: Uint8Array, method = 'GET'): Anatomy {
  return anatomyOfResponses(asBuffer(bytes), method);
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
