import { join } from 'node:path';
import { listenLink } from '#schemas/link/socket-transport.js';
import { temporaryDirectory } from '../../test/harness/temporary-directory.js';
import { connectFirst } from './connect-first.js';

describe('connectFirst', () => {
  it('takes the first engine that listens, and its own again as soon as that is back', async () => {
    const folder = temporaryDirectory('sockets').path;
    const sockets: [string, string, string] = [join(folder, 'own'), join(folder, 'gone'), join(folder, 'other')];
    const met: string[] = [];
    await expect(connectFirst(sockets)).rejects.toThrow(sockets[0]);
    const other = await listenLink(sockets[2], () => met.push('other'));
    (await connectFirst(sockets)).close();
    const own = await listenLink(sockets[0], () => met.push('own'));
    (await connectFirst(sockets)).close();
    while (met.length < 2) await new Promise((resolve) => setImmediate(resolve));
    expect(met).toEqual(['other', 'own']);
    other.close();
    own.close();
  });
});
