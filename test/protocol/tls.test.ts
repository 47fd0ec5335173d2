import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { type PolylogNode, startPolylog } from '../harness/polylog.js';
import { temporaryDirectory } from '../harness/temporary-directory.js';

describe('a node with a certificate', () => {
  const scratch = temporaryDirectory('tls');
  const certificate = join(scratch.path, 'cert.pem');
  const key = join(scratch.path, 'key.pem');
  let node: PolylogNode;

  beforeAll(async () => {
    const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
    const form = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
    execFileSync('openssl', ['req', ...form, ...names, '-keyout', key, '-out', certificate], { stdio: 'pipe' });
    node = await startPolylog({ flags: ['--tls-cert', certificate, '--tls-key', key] });
  }, 60_000);

  afterAll(async () => {
    await node?.remove();
    scratch.remove();
  });

  const connect = async (ssl: object | false): Promise<Client> => {
    const { host, postgresPort: port, user, password, database } = node;
    const client = new Client({ host, port, user, password, database, ssl });
    await client.connect();
    return client;
  };

  it('speaks TLS to who checks the certificate', async () => {
    const client = await connect({ ca: readFileSync(certificate, 'utf8'), rejectUnauthorized: true });
    const text = 'x'.repeat(200_000);
    const { rows } = await client.query('select $1::text as text', [text]);
    expect(rows).toEqual([{ text }]);
    await client.end();
  });

  it('is refused by who knows another authority', async () => {
    await expect(connect({ rejectUnauthorized: true })).rejects.toThrow(/self-signed/);
  });

  it('still speaks in clear to who does not ask', async () => {
    const client = await connect(false);
    expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    await client.end();
  });
});
