import { clientHost, isLoopback } from './listening-address.js';

describe('a listening address', () => {
  it.each([
    ['127.0.0.1', '127.0.0.1', true],
    ['127.3.2.1', '127.3.2.1', true],
    ['localhost', 'localhost', true],
    ['::1', '[::1]', true],
    ['0.0.0.0', '127.0.0.1', false],
    ['::', '127.0.0.1', false],
    ['fe80::1', '[fe80::1]', false],
    ['db.example.com', 'db.example.com', false],
  ])('%s is %s in a URL on this machine; reached by it alone: %s', (host, shown, loopback) => {
    expect([clientHost(host), isLoopback(host)]).toEqual([shown, loopback]);
  });
});
