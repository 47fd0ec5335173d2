import { existsSync, readFileSync } from 'node:fs';
import { mkdir, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import { EVENT_SCHEMAS } from '#schemas/catalog/system-tables.js';
import type { SchemaSource } from '#schemas/events/codec.js';
import type { RowVersion } from '#schemas/events/event.js';
import { FIXED_SCHEMAS } from '#schemas/registry/fixed-schemas.js';

/** A version of this number holds a subject's compatibility level and no schema. */
const LEVEL_VERSION = 0;

/**
 * The event schemas that a fold has met in the log, kept in a file: a fold that goes on from a checkpoint does not read again where they were registered. A schema's id
 * never changes its meaning, so the file may be ahead of the checkpoint, and never is behind it (`save` comes first).
 */
export class KnownSchemas implements SchemaSource {
  readonly #path: string | null;
  readonly #texts = new Map<number, string>();
  #unsaved = false;
  #damage: string | null = null;

  /** `path`: null = kept in memory only. */
  constructor(path: string | null) {
    this.#path = path;
    if (path === null) return;
    const found = readTexts(path);
    if (typeof found === 'string') this.#damage = found;
    else for (const [id, text] of found) this.#texts.set(id, text);
    this.#unsaved = this.#damage !== null;
  }

  /** What is wrong with the file, its absence included; null when nothing is. A fold must not go on from a checkpoint then. */
  get damage(): string | null {
    return this.#damage;
  }

  schemaText(id: number): string | null {
    return FIXED_SCHEMAS.get(id)?.text ?? this.#texts.get(id) ?? null;
  }

  /** Learns from an event of the registry's own table. */
  take({ table, row }: RowVersion): void {
    if (table !== EVENT_SCHEMAS.shape.id || row === null) return;
    const { id, version, text } = EVENT_SCHEMAS.fromRow(row);
    if (version !== LEVEL_VERSION) this.remember(id, text);
  }

  remember(id: number, text: string): void {
    if (this.#texts.get(id) === text) return;
    this.#texts.set(id, text);
    this.#unsaved = true;
  }

  /** Null when there is nothing new. From the first time on there is a file. */
  save(): Promise<void> | null {
    if (!this.#unsaved || this.#path === null) return null;
    this.#unsaved = false;
    this.#damage = null;
    const body = JSON.stringify([...this.#texts]);
    return writeWhole(this.#path, `${body}\n${crc32(body)}`);
  }
}

/** Or what is wrong with it. */
function readTexts(path: string): ReadonlyArray<readonly [number, string]> | string {
  if (!existsSync(path)) return `${path} is missing`;
  const [body = '', sum] = readFileSync(path, 'utf8').split('\n');
  if (sum !== String(crc32(body))) return `${path} is damaged: its checksum is wrong`;
  return JSON.parse(body) as ReadonlyArray<readonly [number, string]>;
}

async function writeWhole(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.new`;
  const file = await open(temporary, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
}
