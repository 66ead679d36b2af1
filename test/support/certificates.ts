import { execFileSync } from 'node:child_process';
import { program } from './packages.ts';
import { type TemporaryDirectory, temporaryDirectory } from './temp.ts';

/** A certificate and its key, as PEM files. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

/** An authority of our own that signs certificates, made by openssl in a temporary folder. */
export class CertificateAuthority implements Disposable {
  /** Its own certificate. */
  readonly ca: string;
  #directory: TemporaryDirectory = temporaryDirectory();

  constructor() {
    this.ca = this.selfSigned('ca', ['DNS:ca.example']).cert;
  }

  /** A certificate for these names, such as `DNS:localhost` or `IP:127.0.0.1`. */
  issue(name: string, names: readonly string[], days = 30): Certificate {
    const at = (ending: string): string => this.#directory.join(`${name}.${ending}`);
    const subject = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=${names.join(',')}`];
    this.#openssl('req', ...NEW_KEY, '-keyout', at('key'), '-out', at('csr'), ...subject);
    const signer = ['-CA', this.ca, '-CAkey', this.#directory.join('ca.key'), '-CAcreateserial'];
    const signed = ['-out', at('pem'), '-days', String(days), '-copy_extensions', 'copy'];
    this.#openssl('x509', '-req', '-in', at('csr'), ...signer, ...signed);
    return { cert: at('pem'), key: at('key') };
  }

  /** A certificate that nobody else has signed. */
  selfSigned(name: string, names: readonly string[]): Certificate {
    const at = (ending: string): string => this.#directory.join(`${name}.${ending}`);
    const subject = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=${names.join(',')}`, '-days', '30'];
    this.#openssl('req', '-x509', ...NEW_KEY, '-keyout', at('key'), '-out', at('pem'), ...subject);
    return { cert: at('pem'), key: at('key') };
  }

  [Symbol.dispose](): void {
    this.#directory.remove();
  }

  #openssl(...args: readonly string[]): void {
    execFileSync(program('openssl'), args, { stdio: 'pipe' });
  }
}
