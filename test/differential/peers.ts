import { Haproxy } from '../support/haproxy.ts';
import { Nginx } from '../support/nginx.ts';
import { temporaryDirectory } from '../support/temp.ts';
import { readByProxy } from './peer-proxy.ts';
import { RecordingBackend } from './recording-backend.ts';
import type { Reader } from './requests.ts';

/** Another proxy as a reader: a real one, in front of a backend that writes down what it forwards. */
export interface PeerReader extends AsyncDisposable {
  readonly read: Reader;
}

export async function startNginx(): Promise<PeerReader> {
  const backend = await RecordingBackend.start();
  const directory = temporaryDirectory();
  const server = `
    location / {
      proxy_pass http://127.0.0.1:${backend.port};
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      # A body that breaks off is to be seen as far as it was read.
      proxy_request_buffering off;
      # The client's half-close is no end of its wish.
      proxy_ignore_client_abort on;
    }
    # Time in which what was sent at once is read, and after which to wait for more is given up.
    client_header_timeout 5s;
    client_body_timeout 5s;`;
  const nginx = await Nginx.start({ root: directory.path, server });
  return {
    read: (bytes, awaited) => readByProxy(nginx.port, backend, bytes, awaited),
    async [Symbol.asyncDispose]() {
      await nginx[Symbol.asyncDispose]();
      backend[Symbol.dispose]();
      directory.remove();
    },
  };
}

export async function startHaproxy(): Promise<PeerReader> {
  const backend = await RecordingBackend.start();
  const haproxy = await Haproxy.start(backend.port);
  return {
    read: (bytes, awaited) => readByProxy(haproxy.port, backend, bytes, awaited),
    async [Symbol.asyncDispose]() {
      await haproxy[Symbol.asyncDispose]();
      backend[Symbol.dispose]();
    },
  };
}
