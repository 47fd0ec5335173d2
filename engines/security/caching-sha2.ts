import { createHash, timingSafeEqual } from 'node:crypto';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import { isPasswordOf } from './scram.js';

/*
 * caching_sha2_password of MySQL 8, server side:
 *
 *   fast   the client proves by a scramble that it knows a password whose double hash the server remembers
 *   full   the client sends the password itself, which its gateway has received by TLS or enciphered for its RSA key
 *
 * The password is checked against the one verifier that every user has (see scram.ts), so CREATE USER serves each protocol. What is remembered
 * lives in memory only, as in MySQL, and only as long as that verifier is the user's.
 */
const NONCE_BYTES = 20;
const HASH_BYTES = 32;
/** More users than log in at a time. */
const REMEMBERED_MAX = 10_000;

/** Of nobody: whoever is unknown costs as much time as a wrong password. */
const NOBODY = `SCRAM-SHA-256$4096:${'A'.repeat(22)}==$${'A'.repeat(43)}=:${'A'.repeat(43)}=`;

/** Answers to the client's scramble; the gateway sends them on behind the byte 1. */
export const FAST_OK = 3;
export const FULL_WANTED = 4;

const sha256 = (...parts: readonly Uint8Array[]): Buffer => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/** Double hashes of the passwords that were right, by the verifier that they were right for. */
export class PasswordCache {
  readonly #hashes = new Map<string, Buffer>();

  get(verifier: string): Buffer | undefined {
    return this.#hashes.get(verifier);
  }

  add(verifier: string, password: string): void {
    if (this.#hashes.size >= REMEMBERED_MAX) this.#hashes.clear();
    this.#hashes.set(verifier, sha256(sha256(Buffer.from(password))));
  }
}

/** One exchange. A user without verifier goes through the full one and fails at its end, as a wrong password does. */
export class CachingSha2Exchange {
  readonly #user: string;
  readonly #verifier: string | null;
  readonly #cache: PasswordCache;

  constructor(user: string, verifier: string | null, cache: PasswordCache) {
    this.#user = user;
    this.#verifier = verifier;
    this.#cache = cache;
  }

  /** `message` is the nonce that the client was sent and its scramble. True = the client is let in; false = its password is wanted. */
  first(message: Uint8Array): boolean {
    if (message.length !== NONCE_BYTES + HASH_BYTES) return false;
    const known = this.#verifier === null ? undefined : this.#cache.get(this.#verifier);
    if (known === undefined) return false;
    const mask = sha256(known, message.subarray(0, NONCE_BYTES));
    const once = Buffer.from(mask.map((byte, i) => byte ^ (message[NONCE_BYTES + i] ?? 0)));
    return timingSafeEqual(sha256(once), known);
  }

  /** The password itself. Throws 28P01 when it is wrong. */
  final(message: Uint8Array): void {
    const password = Buffer.from(message).toString('utf8');
    const verifier = this.#verifier;
    if (!isPasswordOf(verifier ?? NOBODY, password) || verifier === null)
      throw new SqlError('invalid_password', `password authentication failed for user "${this.#user}"`);
    this.#cache.add(verifier, password);
  }
}
