import { createHash, createHmac, pbkdf2Sync, timingSafeEqual } from 'node:crypto';
import type { Random } from '#schemas/kernel/ports.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';

/**
 * SCRAM-SHA-256 (RFC 5802, RFC 7677), server side, and the verifier that is kept instead of a password, in PostgreSQL's text form:
 * SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>, base64.
 */
const ITERATIONS = 4_096;
const SALT_BYTES = 16;
const NONCE_BYTES = 18;
const KEY_BYTES = 32;

interface Verifier {
  readonly iterations: number;
  readonly salt: Buffer;
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
}

/** The verifier of a password. The password itself is not kept. */
export function createVerifier(password: string, random: Random): string {
  const salt = Buffer.from(random.bytes(SALT_BYTES));
  const salted = pbkdf2Sync(normalize(password), salt, ITERATIONS, KEY_BYTES, 'sha256');
  const storedKey = sha256(hmac(salted, 'Client Key'));
  const serverKey = hmac(salted, 'Server Key');
  return `SCRAM-SHA-256$${ITERATIONS}:${salt.toString('base64')}$${storedKey.toString('base64')}:${serverKey.toString('base64')}`;
}

const VERIFIER = /^SCRAM-SHA-256\$(\d+):([A-Za-z0-9+/=]+)\$([A-Za-z0-9+/=]+):([A-Za-z0-9+/=]+)$/;

/** True for a text that is a verifier already: CREATE USER takes one in place of a password, as PostgreSQL does. */
export function isVerifier(text: string): boolean {
  return VERIFIER.test(text);
}

/** Whether this is the password that the verifier was made from. */
export function isPasswordOf(verifier: string, password: string): boolean {
  const known = parseVerifier(verifier);
  if (known === null || known.storedKey.length !== KEY_BYTES) return false;
  const salted = pbkdf2Sync(normalize(password), known.salt, known.iterations, KEY_BYTES, 'sha256');
  return timingSafeEqual(sha256(hmac(salted, 'Client Key')), known.storedKey);
}

function parseVerifier(text: string): Verifier | null {
  const match = VERIFIER.exec(text);
  if (match === null) return null;
  const bytes = (i: number): Buffer => Buffer.from(match[i] as string, 'base64');
  return { iterations: Number(match[1]), salt: bytes(2), storedKey: bytes(3), serverKey: bytes(4) };
}

/** SASLprep's normalisation; its prohibited characters are left to the comparison, which they cannot pass. */
function normalize(password: string): string {
  return password.normalize('NFKC');
}

function hmac(key: Buffer, data: string | Buffer): Buffer {
  return createHmac('sha256', key).update(data).digest();
}

function sha256(data: Buffer): Buffer {
  return createHash('sha256').update(data).digest();
}

/** The secret from which unknown users get salts that stay the same: who asks twice must not see a difference. */
export type MockSecret = Uint8Array;

/**
 * One exchange. `first` answers the client's first message, `final` its last; `final` throws 28P01 when the proof is wrong. A user without verifier
 * goes through the same exchange and fails at the same place.
 */
export class ScramExchange {
  readonly #user: string;
  readonly #verifier: Verifier;
  readonly #known: boolean;
  readonly #random: Random;
  #clientFirstBare = '';
  #serverFirst = '';
  #nonce = '';
  #header = '';

  constructor(user: string, verifier: string | null, mockSecret: MockSecret, random: Random) {
    const parsed = verifier === null ? null : parseVerifier(verifier);
    this.#user = user;
    this.#known = parsed !== null;
    this.#verifier = parsed ?? mockVerifier(user, mockSecret);
    this.#random = random;
  }

  /** client-first-message → server-first-message. Throws 08P01 for a malformed message. */
  first(message: string): string {
    const match = /^((?:n|y|p=[A-Za-z0-9.-]+),(?:a=[^,]*)?,)(n=[^,]*,r=([\x21-\x2b\x2d-\x7e]+)(?:,.*)?)$/s.exec(
      message,
    );
    if (match === null)
      throw new SqlError('protocol_violation', 'malformed SCRAM message', {
        detail: 'The client-first-message is not understood.',
      });
    this.#header = match[1] as string;
    if (this.#header.startsWith('p=')) throw new SqlError('protocol_violation', 'SCRAM channel binding is not offered');
    this.#clientFirstBare = match[2] as string;
    this.#nonce = (match[3] as string) + Buffer.from(this.#random.bytes(NONCE_BYTES)).toString('base64');
    const { salt, iterations } = this.#verifier;
    this.#serverFirst = `r=${this.#nonce},s=${salt.toString('base64')},i=${iterations}`;
    return this.#serverFirst;
  }

  /** client-final-message → server-final-message. */
  final(message: string): string {
    const match = /^(c=([A-Za-z0-9+/=]*),r=([^,]+)(?:,[^p][^,]*)*),p=([A-Za-z0-9+/=]+)$/s.exec(message);
    if (match === null)
      throw new SqlError('protocol_violation', 'malformed SCRAM message', {
        detail: 'The client-final-message is not understood.',
      });
    if (Buffer.from(match[2] as string, 'base64').toString('latin1') !== this.#header) {
      throw new SqlError('protocol_violation', 'SCRAM channel binding check failed');
    }
    if (match[3] !== this.#nonce)
      throw new SqlError('protocol_violation', 'malformed SCRAM message', { detail: 'Nonce does not match.' });
    const authMessage = `${this.#clientFirstBare},${this.#serverFirst},${match[1] as string}`;
    const proof = Buffer.from(match[4] as string, 'base64');
    const signature = hmac(this.#verifier.storedKey, authMessage);
    if (proof.length !== KEY_BYTES) throw this.#refusal();
    const clientKey = Buffer.from(proof.map((byte, i) => byte ^ (signature[i] as number)));
    if (!timingSafeEqual(sha256(clientKey), this.#verifier.storedKey) || !this.#known) throw this.#refusal();
    return `v=${hmac(this.#verifier.serverKey, authMessage).toString('base64')}`;
  }

  #refusal(): SqlError {
    return new SqlError('invalid_password', `password authentication failed for user "${this.#user}"`);
  }
}

function mockVerifier(user: string, secret: MockSecret): Verifier {
  const salt = hmac(Buffer.from(secret), user).subarray(0, SALT_BYTES);
  return {
    iterations: ITERATIONS,
    salt,
    storedKey: hmac(Buffer.from(secret), `stored ${user}`),
    serverKey: hmac(Buffer.from(secret), `server ${user}`),
  };
}
