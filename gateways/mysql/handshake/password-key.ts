import { constants, generateKeyPair, type KeyObject, privateDecrypt } from 'node:crypto';
import { promisify } from 'node:util';
import { SqlError } from '#schemas/sqlstate/sql-error.js';

const KEY_BITS = 2_048;
const generate = promisify(generateKeyPair);

interface Pair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

/**
 * The key under which clients without TLS encipher their passwords. Owns one pair for the life of the process, made when it is asked for first: who
 * listens learns no password, who stands in between can (as with MySQL's own).
 */
export class PasswordKey {
  #pair: Promise<Pair> | null = null;

  #made(): Promise<Pair> {
    this.#pair ??= generate('rsa', { modulusLength: KEY_BITS });
    return this.#pair;
  }

  /** As clients take it: PEM. */
  async publicPem(): Promise<Buffer> {
    const { publicKey } = await this.#made();
    return Buffer.from(publicKey.export({ type: 'spki', format: 'pem' }));
  }

  /** The password that was enciphered after it had been mixed with the nonce. Throws 28P01 for what is none. */
  async decipher(message: Uint8Array, nonce: Uint8Array): Promise<Buffer> {
    const { privateKey } = await this.#made();
    let mixed: Buffer;
    try {
      mixed = privateDecrypt({ key: privateKey, padding: constants.RSA_PKCS1_OAEP_PADDING }, message);
    } catch {
      throw new SqlError('invalid_password', 'the password could not be deciphered');
    }
    return Buffer.from(mixed.map((byte, i) => byte ^ (nonce[i % nonce.length] ?? 0)));
  }
}
