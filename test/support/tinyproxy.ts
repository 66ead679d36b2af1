import { Child } from './child.ts';
import { program } from './packages.ts';
import { freePort, untilAccepts } from './ports.ts';
import { temporaryDirectory } from './temp.ts';

/** A real forward proxy, which takes CONNECT to any port of this machine. */
export async function startTinyproxy(): Promise<AsyncDisposable & { readonly url: string }> {
  const directory = temporaryDirectory();
  const port = await freePort();
  const file = directory.write(
    'tinyproxy.conf',
    `Port ${port}\nListen 127.0.0.1\nAllow 127.0.0.1\nMaxClients 20\nTimeout 60\n`,
  );
  const child = new Child('tinyproxy', program('tinyproxy'), ['-d', '-c', file]);
  await untilAccepts(port, child);
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      await child.stop('SIGTERM');
      directory.remove();
    },
  };
}
