import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import { createVerifier, isPasswordOf, isVerifier, ScramExchange } from './scram.js';

const random = { bytes: (n: number) => randomBytes(n) };
const hmac = (key: Buffer, data: string) => createHmac('sha256', key).update(data).digest();

/** The client's half, written from RFC 5802 by itself. */
function clientFinal(password: string, clientBare: string, serverFirst: string): string {
  const [, nonce, salt, iterations] = /^r=([^,]+),s=([^,]+),i=(\d+)$/.exec(serverFirst) as RegExpExecArray;
  const salted = pbkdf2Sync(password, Buffer.from(salt as string, 'base64'), Number(iterations), 32, 'sha256');
  const clientKey = hmac(salted, 'Client Key');
  const withoutProof = `c=biws,r=${nonce}`;
  const signature = hmac(
    createHash('sha256').update(clientKey).digest(),
    `${clientBare},${serverFirst},${withoutProof}`,
  );
  return `${withoutProof},p=${Buffer.from(clientKey.map((b, i) => b ^ (signature[i] as number))).toString('base64')}`;
}

function attempt(verifier: string | null, password: string): string {
  const exchange = new ScramExchange('ann', verifier, Buffer.from('secret'), random);
  const bare = 'n=,r=abcdef';
  return exchange.final(clientFinal(password, bare, exchange.first(`n,,${bare}`)));
}

describe('SCRAM-SHA-256', () => {
  it('lets the right password in and proves the server to the client', () => {
    const verifier = createVerifier('geheim', random);
    expect(isVerifier(verifier)).toBe(true);
    expect(verifier).not.toContain('geheim');
    expect(attempt(verifier, 'geheim')).toMatch(/^v=[A-Za-z0-9+/]{43}=$/);
  });

  it('refuses a wrong password and an unknown user alike', () => {
    const refusal = { condition: 'invalid_password', message: 'password authentication failed for user "ann"' };
    expect(() => attempt(createVerifier('geheim', random), 'falsch')).toThrow(expect.objectContaining(refusal));
    expect(() => attempt(null, 'geheim')).toThrow(expect.objectContaining(refusal));
  });

  it('tells whether a password is the one of a verifier', () => {
    const verifier = createVerifier('geheim', random);
    expect(isPasswordOf(verifier, 'geheim')).toBe(true);
    expect(isPasswordOf(verifier, 'falsch')).toBe(false);
    expect(isPasswordOf('SCRAM-SHA-256$4096:AAAA$AAAA:AAAA', 'geheim')).toBe(false);
    expect(isPasswordOf('geheim', 'geheim')).toBe(false);
  });

  it('gives an unknown user the same salt each time', () => {
    const salt = () =>
      /s=([^,]+)/.exec(new ScramExchange('nobody', null, Buffer.from('k'), random).first('n,,n=,r=x'))?.[1];
    expect(salt()).toBe(salt());
  });

  it.each(['', 'x', 'n,,n=,r=', 'p=tls-server-end-point,,n=,r=x'])('refuses the first message %p', (message) => {
    expect(() => new ScramExchange('ann', null, Buffer.from('k'), random).first(message)).toThrow(
      expect.objectContaining({ condition: 'protocol_violation' }),
    );
  });

  it('refuses a final message with another nonce or channel binding', () => {
    const exchange = new ScramExchange('ann', createVerifier('p', random), Buffer.from('k'), random);
    exchange.first('n,,n=,r=x');
    expect(() => exchange.final('c=biws,r=other,p=AAAA')).toThrow(/malformed/);
    expect(() => exchange.final('c=eSws,r=other,p=AAAA')).toThrow(/channel binding/);
  });
});
