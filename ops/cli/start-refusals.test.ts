/** What `polylog start` says when it cannot start: one line that names the cause and the flag, and an exit code. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { polylogCommand } from '#test/harness/command-line.js';
import { temporaryDirectory } from '#test/harness/temporary-directory.js';

describe('polylog start refuses', () => {
  const scratch = temporaryDirectory('refusals');
  let taken: Server;
  let port: string;

  beforeAll(async () => {
    taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    port = String((taken.address() as { port: number }).port);
  });

  afterAll(() => {
    taken.close();
    scratch.remove();
  });

  let folders = 0;
  const refusal = async (...args: string[]) => {
    const data = join(scratch.path, String(folders++));
    const ports = ['--postgres-port', '0', '--http-port', '0'];
    const { code, stdout, stderr } = await polylogCommand('start', '--data', data, ...ports, ...args);
    expect(stdout).toBe('');
    const lines = stderr.split('\n').filter((line) => line !== '' && !line.startsWith('{"level":"info"'));
    return [code, ...lines];
  };

  it('a port that is taken, naming the port and the flag', async () => {
    const message = `polylog: port ${port} on 127.0.0.1 is taken: choose another with`;
    expect(await refusal('--postgres-port', port)).toEqual([1, `${message} --postgres-port`]);
    expect(await refusal('--http-port', port)).toEqual([1, `${message} --http-port`]);
    expect(await refusal('--http-port', '1', '--postgres-port', '1')).toEqual([
      1,
      'polylog: --postgres-port and --http-port are both 1: they must differ',
    ]);
  }, 30_000);

  it('an address that is not of this machine', async () => {
    expect(await refusal('--host', '203.0.113.7')).toEqual([
      1,
      expect.stringMatching(/^polylog: cannot listen on 203\.0\.113\.7: .*--host$/),
    ]);
  }, 30_000);

  it('a data folder that cannot be written', async () => {
    const file = join(scratch.path, 'file');
    writeFileSync(file, '');
    expect(await refusal('--data', join(file, 'data'))).toEqual([
      1,
      expect.stringMatching(
        /^polylog: the data folder .*file\/data cannot be written \(.*\): choose another with --data$/,
      ),
    ]);
  }, 30_000);

  // Root may write everywhere.
  (process.getuid?.() === 0 ? it.skip : it)('a data folder of somebody else', async () => {
    const folder = join(scratch.path, 'closed');
    mkdirSync(folder);
    chmodSync(folder, 0o500);
    expect(await refusal('--data', folder)).toEqual([1, expect.stringContaining('cannot be written')]);
  });

  it('a flag that it does not know, and tells the one that was meant', async () => {
    expect(await refusal('--postgress-port', '1')).toEqual([
      2,
      "error: unknown option '--postgress-port'",
      '(Did you mean --postgres-port?)',
      '(--help shows what there is)',
    ]);
  }, 30_000);

  it('a log that is none', async () => {
    expect(await refusal('--log', 'kafka://localhost/books')).toEqual([
      2,
      expect.stringMatching(/^polylog: --log: "kafka:\/\/localhost\/books" must be embedded or kafka:/),
    ]);
  }, 30_000);

  it('TLS files that cannot be read', async () => {
    const pem = join(scratch.path, 'none.pem');
    expect(await refusal('--tls-cert', pem, '--tls-key', pem)).toEqual([
      1,
      expect.stringMatching(/^polylog: --tls-cert: .*none\.pem cannot be read/),
    ]);
  }, 30_000);
});
