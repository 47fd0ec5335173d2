import { clientHost, connectionUrl, isLoopback } from './listening-address.js';

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

describe('a connection URL', () => {
  it('can stand between single quotes in a shell, whatever the password', () => {
    expect(connectionUrl('ann', "it's @/:?#%", '::1', 5432)).toBe(
      'postgresql://ann:it%27s%20%40%2F%3A%3F%23%25@[::1]:5432/polylog',
    );
    expect(connectionUrl('ann', null, '0.0.0.0', 5432)).toBe('postgresql://ann@127.0.0.1:5432/polylog');
  });
});
