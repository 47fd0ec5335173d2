import { createServer } from 'node:net';
import { StartRefused } from './start-refused.js';

/** Throws StartRefused, with the flag that mends it, unless the port can be listened on. */
export async function requireFree(host: string, port: number, flag: string): Promise<void> {
  const fault = await faultOf(host, port);
  if (fault === null) return;
  switch (fault.code) {
    case 'EADDRINUSE':
      throw new StartRefused(`port ${port} on ${host} is taken: choose another with ${flag}`);
    case 'EACCES':
      throw new StartRefused(
        `port ${port} on ${host} may not be used by this user: choose one above 1023 with ${flag}`,
      );
    default:
      throw new StartRefused(
        `cannot listen on ${host}: ${fault.message}: choose an address of this machine with --host`,
      );
  }
}

function faultOf(host: string, port: number): Promise<NodeJS.ErrnoException | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', resolve);
    server.listen(port, host, () => server.close(() => resolve(null)));
  });
}

/** The address that a client on this machine uses for a listening one, as it stands in a URL. */
export function clientHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}

/** Whether only this machine reaches the address. A name that may be anything counts as reached by others. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\./.test(host);
}

/** What psql takes, safe between single quotes in a shell. `secret` null = without a password. */
export function connectionUrl(user: string, secret: string | null, host: string, port: number): string {
  const part = (text: string): string => encodeURIComponent(text).replaceAll("'", '%27');
  const password = secret === null ? '' : `:${part(secret)}`;
  return `postgresql://${part(user)}${password}@${clientHost(host)}:${port}/polylog`;
}
