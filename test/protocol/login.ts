import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import { cstring, int32, message, type Received, startup, WireClient } from '#gateways/postgres/wire-client.suite.js';
import type { Target } from '../harness/client-programs.js';

const hmac = (key: Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

/** What the server said on the way to ReadyForQuery or to the error that ended it. */
export interface Login {
  readonly client: WireClient;
  readonly received: readonly Received[];
}

/**
 * Connects and authenticates by SCRAM-SHA-256 (RFC 7677), message by message, so that a test sees everything that is said.
 * Resolves when the server is ready or has refused.
 */
export async function login(target: Target, parameters: Readonly<Record<string, string>> = {}): Promise<Login> {
  const client = new WireClient(target.port);
  const received: Received[] = [];
  client.send(startup({ user: target.user, database: target.database, ...parameters }));
  const next = async (): Promise<Received | null> => {
    const one = await client.next();
    if (one !== null) received.push(one);
    return one;
  };
  const nonce = randomBytes(18).toString('base64');
  let signed = '';
  for (let one = await next(); one !== null && one.type !== 'Z'; one = await next()) {
    if (one.type !== 'R') continue;
    const kind = one.body.readInt32BE(0);
    if (kind === 10) {
      const first = Buffer.from(`n,,n=,r=${nonce}`);
      client.send(message('p', cstring('SCRAM-SHA-256'), int32(first.length), first));
    } else if (kind === 11) {
      const challenge = one.body.subarray(4).toString();
      signed = finalMessage(target.password, nonce, challenge);
      client.send(message('p', Buffer.from(signed)));
    }
  }
  return { client, received };
}

function finalMessage(password: string, nonce: string, challenge: string): string {
  const [, serverNonce = '', salt = '', iterations = ''] = /^r=([^,]*),s=([^,]*),i=(\d+)/.exec(challenge) ?? [];
  const salted = pbkdf2Sync(password, Buffer.from(salt, 'base64'), Number(iterations), 32, 'sha256');
  const clientKey = hmac(salted, 'Client Key');
  const bare = `c=biws,r=${serverNonce}`;
  const signature = hmac(createHash('sha256').update(clientKey).digest(), `n=,r=${nonce},${challenge},${bare}`);
  const proof = Buffer.from(clientKey.map((byte, i) => byte ^ (signature[i] as number)));
  return `${bare},p=${proof.toString('base64')}`;
}

/** A client that is ready for queries; throws what the server answered where it is refused. */
export async function loggedIn(target: Target): Promise<WireClient> {
  const { client, received } = await login(target);
  const last = received.at(-1);
  if (last?.type !== 'Z') throw new Error(`refused: ${last?.body.toString().replaceAll('\0', ' ')}`);
  client.received.length = 0;
  return client;
}
