import { join } from 'node:path';
import { polylogCommand } from '#test/harness/command-line.js';
import { freePorts } from '#test/harness/free-port.js';
import { temporaryDirectory } from '#test/harness/temporary-directory.js';

describe('polylog start', () => {
  it('says that no broker answers, while it waits and when it gives up', async () => {
    const { path, remove } = temporaryDirectory('broker-away');
    const [port = 0] = await freePorts(1);
    const url = `kafka://127.0.0.1:${port}/books`;
    const ports = ['--postgres-port', '0', '--http-port', '0'];
    const { code, stdout, stderr } = await polylogCommand('start', '--data', join(path, 'd'), ...ports, '--log', url);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain('"msg":"waiting for the log"');
    const last = stderr.trim().split('\n').at(-1);
    expect(last).toMatch(
      new RegExp(`^polylog: no Kafka log can be opened at ${url}: .*does it run, and is --log right\\?$`),
    );
    remove();
  }, 90_000);
});
