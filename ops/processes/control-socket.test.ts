import { statSync } from 'node:fs';
import type { Server } from 'node:net';
import { join } from 'node:path';
import { temporaryDirectory } from '#test/harness/temporary-directory.js';
import { askControl, listenControl } from './control-socket.js';

describe('the control socket', () => {
  const { path, remove } = temporaryDirectory('control');
  const socket = join(path, 'control.sock');
  let server: Server;

  beforeAll(async () => {
    server = await listenControl(socket, {
      add: async (a, b) => Number(a) + Number(b),
      fail: () => Promise.reject(new Error('no such thing')),
    });
  });

  afterAll(() => {
    server.close();
    remove();
  });

  it('answers with the result or the reason, to its owner alone', async () => {
    expect(statSync(socket).mode & 0o777).toBe(0o600);
    expect(await askControl(socket, 'add', 1, 2)).toBe(3);
    await expect(askControl(socket, 'fail')).rejects.toThrow('no such thing');
  });

  it.each(['nothing', 'constructor', '__proto__'])('knows no method %s', async (method) => {
    await expect(askControl(socket, method)).rejects.toThrow(`unknown request ${method}`);
  });
});
