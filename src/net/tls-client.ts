import { readFileSync } from 'node:fs';
import * as net from 'node:net';
import type * as tls from 'node:tls';

/** Loaded by whoever needs it: it costs a thread that speaks no TLS 10 ms and 3.5 MB. */
const load = (): typeof tls => process.getBuiltinModule('node:tls');

/** How a server is spoken to over TLS. Files are PEM, their paths absolute. */
export interface TlsClientOptions {
  /** The name that is asked for (SNI) and that the certificate has to be for; undefined: the one in the server's URL. */
  readonly serverName: string | undefined;
  /** Certificates that sign those of the servers; undefined: those that Node.js comes with. */
  readonly ca: string | undefined;
  /** Our own certificate, for servers that want to know who asks, and its key. */
  readonly cert: string | undefined;
  readonly key: string | undefined;
  /** Whether the server has to prove who it is. */
  readonly verify: boolean;
}

/** Why TLS was not agreed on. */
export interface HandshakeFailure {
  /** The server's certificate is not one that we take; else TLS itself failed. */
  readonly certificate: boolean;
  /** What the error's code means, for a person. */
  readonly explanation: string;
}

/**
 * The certificates that the connections of an upstream share. Reads the files.
 *
 * @throws the system's error for a file that cannot be read, OpenSSL's for one that is not what it should be
 */
export function tlsContext({ ca, cert, key }: TlsClientOptions): tls.SecureContext {
  return load().createSecureContext({
    ca: ca === undefined ? undefined : readFileSync(ca),
    cert: cert === undefined ? undefined : readFileSync(cert),
    key: key === undefined ? undefined : readFileSync(key),
  });
}

/** TLS with one server: the name it has to prove, and the last session with it, which saves most of the next handshake. */
export class TlsClient {
  readonly #context: tls.SecureContext;
  readonly #name: string;
  readonly #verify: boolean;
  #session: Buffer | undefined = undefined;

  /** `hostname`: that of the server's URL. */
  constructor(context: tls.SecureContext, options: TlsClientOptions, hostname: string) {
    this.#context = context;
    this.#name = options.serverName ?? hostname;
    this.#verify = options.verify;
  }

  /** A socket that connects, by the options of `net.connect`, and then agrees on TLS: `secureConnect` tells. */
  connect(options: tls.ConnectionOptions): tls.TLSSocket {
    const name = this.#name;
    const { connect, checkServerIdentity } = load();
    const socket = connect({
      ...options,
      secureContext: this.#context,
      // An address is no name to ask for (RFC 6066 §3); certificates may be for one all the same.
      servername: net.isIP(name) === 0 ? name : '',
      rejectUnauthorized: this.#verify,
      checkServerIdentity: (_host, certificate) => checkServerIdentity(name, certificate),
      ALPNProtocols: ['http/1.1'],
      session: this.#session,
    });
    this.#keepSession(socket);
    return socket;
  }

  /**
   * A session that is resumed is not verified again, so only those of servers that have proved themselves are kept. In
   * TLS 1.2 the session comes before that is known, in TLS 1.3 after it.
   */
  #keepSession(socket: tls.TLSSocket): void {
    let proved = false;
    let early: Buffer | undefined;
    socket.once('secureConnect', () => {
      proved = true;
      this.#session = early ?? this.#session;
    });
    socket.on('session', (session) => {
      if (proved) this.#session = session;
      else early = session;
    });
    // A session that the server does not take any more must not stand in the way for ever.
    socket.once('close', () => {
      if (!proved) this.#session = undefined;
    });
  }
}

/** What OpenSSL's and Node's errors carry besides their code. */
interface TlsError extends NodeJS.ErrnoException {
  /** In the words of OpenSSL. */
  readonly reason?: string;
  /** The certificate that is for somebody else. */
  readonly cert?: tls.PeerCertificate;
  readonly host?: string;
}

const NOT_SIGNED = 'nobody who is trusted here has signed the certificate; `tls.ca` names who is';
const WANTS_CERTIFICATE = 'the server wants a certificate of ours that it trusts: see `tls.cert`';
const EXPLANATIONS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'the certificate has expired',
  CERT_NOT_YET_VALID: 'the certificate is not valid yet',
  CERT_REVOKED: 'the certificate has been revoked',
  DEPTH_ZERO_SELF_SIGNED_CERT:
    'the certificate is signed by itself; if it is the right one, name it in `tls.ca`',
  SELF_SIGNED_CERT_IN_CHAIN: NOT_SIGNED,
  UNABLE_TO_GET_ISSUER_CERT: NOT_SIGNED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: NOT_SIGNED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: NOT_SIGNED,
  ECONNRESET: 'the server broke off while TLS was agreed on',
  ERR_SSL_WRONG_VERSION_NUMBER: 'what the server speaks on this port is not TLS',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'what the server speaks on this port is not TLS',
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: WANTS_CERTIFICATE,
};

/** Why a socket of `TlsClient.connect` did not come to `secureConnect`, once its TCP connection stood. */
export function handshakeFailure(socket: tls.TLSSocket, error: TlsError | undefined): HandshakeFailure {
  // Typed as an error, and null or the error's code in fact.
  const refused: unknown = socket.authorizationError;
  const certificate = refused !== null && refused !== undefined;
  if (error === undefined) return { certificate, explanation: 'the server closed the connection' };
  const { code = '', reason, cert, host, message } = error;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID' && cert !== undefined) {
    return { certificate, explanation: `the certificate is for ${namesOf(cert)}, not for ${host}` };
  }
  return { certificate, explanation: EXPLANATIONS[code] ?? reason ?? message };
}

function namesOf({ subjectaltname, subject }: tls.PeerCertificate): string {
  if (subjectaltname !== undefined)
    return subjectaltname.replaceAll('DNS:', '').replaceAll('IP Address:', '');
  // Names of hosts in the subject alone are not looked at any more (RFC 9110 §4.3.4).
  return `${[subject?.CN ?? 'nobody'].flat().join(', ')}, in the common name only`;
}
