import { parseKafkaUrl } from '#log/kafka/kafka-url.js';
import { parseClockGroup } from './clock-group.js';

/** Checks and converts what stands in a file, in the environment or behind a flag. Throws an Error that says what is allowed. */
export type SettingReader<T> = (value: unknown) => T;

export const text: SettingReader<string> = (value) => {
  if (typeof value !== 'string' || value.trim() === '') throw new Error('must be a text that is not empty');
  return value;
};

/** The empty text means: not set. */
export function optional(reader: SettingReader<string>): SettingReader<string | null> {
  return (value) => (value === null || value === '' ? null : reader(value));
}

export function integer(low: number, high: number): SettingReader<number> {
  return (value) => {
    const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
    if (typeof number !== 'number' || !Number.isInteger(number) || number < low || number > high)
      throw new Error(`must be a whole number from ${low} to ${high}`);
    return number;
  };
}

/** One word, or what the other reader takes. */
export function wordOr<W extends string, T>(word: W, reader: SettingReader<T>): SettingReader<W | T> {
  return (value) => {
    if (value === word) return word;
    try {
      return reader(value);
    } catch (error) {
      throw new Error(`${(error as Error).message}, or ${word}`);
    }
  };
}

export function oneOf<T extends string>(...allowed: readonly T[]): SettingReader<T> {
  return (value) => {
    const found = allowed.find((each) => each === value);
    if (found === undefined) throw new Error(`must be one of ${allowed.join(', ')}`);
    return found;
  };
}

/** Separated by commas, or a list. */
export const texts: SettingReader<readonly string[]> = (value) => {
  if (value === '') return [];
  const parts: unknown[] = Array.isArray(value) ? value : text(value).split(',');
  return parts.map((part) => text(part).trim());
};

export const host: SettingReader<string> = (value) => {
  const address = text(value);
  if (!/^[A-Za-z0-9._:%-]+$/.test(address))
    throw new Error('must be an address or a name of this machine, without a port');
  return address;
};

export const logUrl: SettingReader<string> = (value) => {
  if (value === 'embedded') return value;
  const allowed = 'must be embedded or kafka://HOST:PORT[,HOST:PORT…]/CLUSTER';
  if (typeof value !== 'string' || !value.startsWith('kafka:')) throw new Error(allowed);
  try {
    parseKafkaUrl(value);
  } catch (error) {
    throw new Error(`${allowed}: ${(error as Error).message}`);
  }
  return value;
};

export const httpUrl: SettingReader<string> = (value) => {
  const allowed = 'must be a URL that begins with http:// or https://';
  if (typeof value !== 'string' || !URL.canParse(value)) throw new Error(allowed);
  const { protocol, username } = new URL(value);
  if (protocol !== 'http:' && protocol !== 'https:') throw new Error(allowed);
  if (username !== '') throw new Error('must hold no user and password: they would stand in process lists and logs');
  return value;
};

export const clockGroup: SettingReader<string> = (value) => {
  parseClockGroup(text(value));
  return text(value);
};

/** Names separated by commas, or a list of them in a file; `none` = an empty one. */
export function listOf<T extends string>(...allowed: readonly T[]): SettingReader<readonly T[]> {
  const one = oneOf(...allowed);
  return (value) => {
    if (value === 'none' || value === '') return [];
    const names: readonly unknown[] = Array.isArray(value) ? value : String(value).split(',');
    const read = names.map((name) => {
      try {
        return one(typeof name === 'string' ? name.trim() : name);
      } catch {
        throw new Error(`must be none, or some of ${allowed.join(', ')} separated by commas`);
      }
    });
    return [...new Set(read)];
  };
}
