import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Mistake } from './mistakes.ts';
import type { RuntimeConfig } from './runtime-config.ts';

type TlsFile = 'ca' | 'cert' | 'key';

/** Files with certificates and keys that cannot be read, hold something else, or do not belong together. */
export function unusableTlsFiles({ upstreams }: RuntimeConfig): Mistake[] {
  return upstreams.flatMap(({ name, tls }): Mistake[] => {
    const mistakes: Mistake[] = [];
    const say = (file: TlsFile, message: string): void => {
      mistakes.push({ path: ['upstreams', name, 'tls', file], at: 'value', message });
    };
    const read = <Content>(
      file: TlsFile,
      parse: (pem: string, path: string) => Content,
    ): Content | undefined => {
      const path = tls[file];
      if (path === undefined) return undefined;
      try {
        return parse(readText(path), path);
      } catch (error) {
        say(file, (error as Error).message);
        return undefined;
      }
    };
    read('ca', certificates);
    const cert = read('cert', certificates)?.[0];
    const key = read('key', privateKey);
    if (cert !== undefined && key !== undefined && !cert.checkPrivateKey(key)) {
      say('key', `the key ${tls.key} does not belong to the certificate ${tls.cert}`);
    }
    return mistakes;
  });
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

function certificates(pem: string, path: string): X509Certificate[] {
  const blocks = pem.match(CERTIFICATE) ?? [];
  if (blocks.length === 0) throw new Error(`there is no certificate in ${path}, which should be a PEM file`);
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch (error) {
    throw new Error(`a certificate in ${path} cannot be understood`, { cause: error });
  }
}

function privateKey(pem: string, path: string): KeyObject {
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem)) {
    throw new Error(`there is no private key in ${path}, which should be a PEM file`);
  }
  try {
    return createPrivateKey(pem);
  } catch (error) {
    const encrypted = /ENCRYPTED/.test(pem) ? ': it is encrypted' : '';
    throw new Error(`the private key in ${path} cannot be used${encrypted}`, { cause: error });
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new Error(`the file ${path} does not exist`, { cause: error });
    if (code === 'EACCES') throw new Error(`the file ${path} may not be read`, { cause: error });
    throw new Error(`the file ${path} cannot be used (${code})`, { cause: error });
  }
}
