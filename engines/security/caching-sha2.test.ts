import { createHash, randomBytes } from 'node:crypto';
import { CachingSha2Exchange, PasswordCache } from './caching-sha2.js';
import { createVerifier } from './scram.js';

const random = { bytes: (n: number) => randomBytes(n) };
const sha = (...parts: Buffer[]) => createHash('sha256').update(Buffer.concat(parts)).digest();

/** The client's half, from MySQL's description: XOR(SHA(p), SHA(SHA(SHA(p)), nonce)). */
function scramble(password: string, nonce: Buffer): Buffer {
  const once = sha(Buffer.from(password));
  const mask = sha(sha(once), nonce);
  return Buffer.concat([nonce, Buffer.from(once.map((byte, i) => byte ^ (mask[i] as number)))]);
}

describe('caching_sha2_password', () => {
  it('wants the password once, then takes the scramble', () => {
    const cache = new PasswordCache();
    const verifier = createVerifier('geheim', random);
    const nonce = randomBytes(20);
    const exchange = new CachingSha2Exchange('ann', verifier, cache);
    expect(exchange.first(scramble('geheim', nonce))).toBe(false);
    exchange.final(Buffer.from('geheim'));
    const again = new CachingSha2Exchange('ann', verifier, cache);
    expect(again.first(scramble('geheim', nonce))).toBe(true);
    expect(again.first(scramble('falsch', nonce))).toBe(false);
    // One of another nonce was overheard.
    expect(again.first(Buffer.concat([randomBytes(20), scramble('geheim', nonce).subarray(20)]))).toBe(false);
  });

  it('forgets what it knew when the password is another', () => {
    const cache = new PasswordCache();
    const before = createVerifier('alt', random);
    new CachingSha2Exchange('ann', before, cache).final(Buffer.from('alt'));
    const after = new CachingSha2Exchange('ann', createVerifier('neu', random), cache);
    expect(after.first(scramble('alt', randomBytes(20)))).toBe(false);
    expect(() => after.final(Buffer.from('alt'))).toThrow(expect.objectContaining({ condition: 'invalid_password' }));
  });

  it('refuses an unknown user as it does a wrong password', () => {
    const exchange = new CachingSha2Exchange('nobody', null, new PasswordCache());
    expect(exchange.first(scramble('x', randomBytes(20)))).toBe(false);
    expect(() => exchange.final(Buffer.from('x'))).toThrow(
      expect.objectContaining({
        condition: 'invalid_password',
        message: 'password authentication failed for user "nobody"',
      }),
    );
  });
});
