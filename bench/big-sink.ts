/**
 * A backend for uploads of many megabytes: answers with the number of bytes when it has the last one, or with their
 * SHA-256 where the query asks for it. Its arguments are the ports.
 */
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';

for (const port of process.argv.slice(2)) {
  const server = createServer({ keepAliveTimeout: 120_000 }, (request, response) => {
    const { headers, url } = request;
    if (url === '/proxy/forwarded') {
      const names = ['x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-request-id'];
      response.end(names.map((name) => headers[name]).join('|'));
      return;
    }
    const hash = url?.endsWith('?verify=1') ? createHash('sha256') : undefined;
    let length = 0;
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
      hash?.update(chunk);
    });
    request.on('end', () => response.end(hash?.digest('hex').toUpperCase() ?? String(length)));
  });
  server.listen(Number(port), '127.0.0.1', 4096);
}
