/**
 * Clients of a stream of events, begun one a millisecond: `node clients.ts PORT COUNT`. Says `ready` when every one has had its
 * first event, and at SIGUSR2 how many have come since. Ends with status 1 when a stream ends.
 */
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

const [port, count] = process.argv.slice(2).map(Number);
let events = 0;
let begun = 0;

function begin(): void {
  const socket = connect(port, '127.0.0.1');
  let first = true;
  const fail = (): void => {
    process.stderr.write('a stream has ended\n');
    process.exit(1);
  };
  socket.on('error', fail).on('close', fail);
  socket.on('connect', () => socket.write('GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n'));
  socket.on('data', (bytes) => {
    const came = bytes.toString('latin1').split('data: ').length - 1;
    events += came;
    if (!first || came === 0) return;
    first = false;
    if (++begun < count) return;
    events = 0;
    process.stdout.write('ready\n');
  });
}

process.on('SIGUSR2', () => process.stdout.write(`events ${events}\n`));
for (let client = 0; client < count; client++) {
  begin();
  await pause(1);
}
