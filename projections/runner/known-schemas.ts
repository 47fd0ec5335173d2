import { readFileSync } from 'node:fs';
import { mkdir, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
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

  /** `path`: null = kept in memory only. A file that cannot be read holds nothing: then the fold begins anew. */
  constructor(path: string | null) {
    this.#path = path;
    if (path === null) return;
    for (const [id, text] of readTexts(path)) this.#texts.set(id, text);
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

  /** Null when there is nothing new. */
  save(): Promise<void> | null {
    if (!this.#unsaved || this.#path === null) return null;
    this.#unsaved = false;
    return writeWhole(this.#path, JSON.stringify([...this.#texts]));
  }
}

function readTexts(path: string): ReadonlyArray<readonly [number, string]> {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as ReadonlyArray<readonly [number, string]>;
  } catch {
    return [];
  }
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
