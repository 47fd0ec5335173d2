import { existsSync, readFileSync, statSync } from 'node:fs';
import { mkdir, open, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { ObjectId, Offset } from '#schemas/kernel/brand.js';
import { type Checkpoint, ProjectionDamaged } from '../runner/projection.js';
import type { TableLayout } from './table-layout.js';

/** A Parquet file of a table. */
export interface TableFile {
  /** Within the projection's folder. */
  readonly path: string;
  /** Place in the manifest's list of layouts. */
  readonly layout: number;
  readonly rows: number;
  /** Versions that are no inserts: only these can end the life of earlier ones. */
  readonly changes: number;
  readonly maxOffset: Offset;
  /** Slots with values in ODD_COLUMN. */
  readonly odd: readonly number[];
  readonly bytes: number;
  readonly crc32: number;
}

/** The files of one table: what is not in it is not there. */
export interface TableManifest {
  readonly table: ObjectId;
  /** schema.table, for people. */
  readonly name: string;
  readonly layouts: readonly TableLayout[];
  readonly files: readonly TableFile[];
}

/** Names the manifest of each table, and says where in the log they stand. Replacing it is what commits. */
export interface RootManifest {
  readonly format: 1;
  readonly checkpoint: Checkpoint;
  /** Snapshots below this offset cannot be answered any more. */
  readonly floor: Offset;
  readonly tables: ReadonlyArray<{ readonly table: ObjectId; readonly path: string; readonly crc32: number }>;
  /** Encoded key of a relation and the id under which its rows stand. */
  readonly generations: ReadonlyArray<readonly [key: string, table: ObjectId]>;
  /** Tables that are gone since this offset. */
  readonly retired: ReadonlyArray<readonly [table: ObjectId, offset: Offset]>;
  /** Counts files and manifests, so that no name comes twice. */
  readonly nextNumber: number;
}

export const ROOT_NAME = 'manifest.json';

/** The manifest and those that it names; null when there is none. Throws ProjectionDamaged, which names the file. */
export function readManifests(
  folder: string,
): { readonly root: RootManifest; readonly tables: TableManifest[] } | null {
  const path = join(folder, ROOT_NAME);
  if (!existsSync(path)) return null;
  const [body, sum] = readFileSync(path, 'utf8').split('\n') as [string, string | undefined];
  if (sum !== String(crc32(body))) throw new ProjectionDamaged(`${path} is damaged: its checksum is wrong`);
  const root = JSON.parse(body) as RootManifest;
  return { root, tables: root.tables.map((each) => readTable(folder, each)) };
}

function readTable(folder: string, { path, crc32: sum }: RootManifest['tables'][number]): TableManifest {
  const at = join(folder, path);
  if (!existsSync(at)) throw new ProjectionDamaged(`${at} is missing`);
  const bytes = readFileSync(at);
  if (crc32(bytes) !== sum) throw new ProjectionDamaged(`${at} is damaged: its checksum is wrong`);
  const manifest = JSON.parse(bytes.toString()) as TableManifest;
  for (const file of manifest.files) {
    const parquet = join(folder, file.path);
    const size = statSync(parquet, { throwIfNoEntry: false })?.size ?? null;
    if (size === null) throw new ProjectionDamaged(`${parquet} is missing`);
    if (size !== file.bytes) throw new ProjectionDamaged(`${parquet} has ${size} bytes, not ${file.bytes}`);
  }
  return manifest;
}

/** Writes a table's manifest under a new name. */
export async function writeTable(
  folder: string,
  path: string,
  manifest: TableManifest,
): Promise<RootManifest['tables'][number]> {
  const text = JSON.stringify(manifest);
  await writeSynced(join(folder, path), text);
  return { table: manifest.table, path, crc32: crc32(text) };
}

/** Replaces the root manifest: from then on, and after a crash, the new files are there and the old ones are not. */
export async function writeRoot(folder: string, root: RootManifest): Promise<void> {
  const path = join(folder, ROOT_NAME);
  const body = JSON.stringify(root);
  await writeSynced(`${path}.new`, `${body}\n${crc32(body)}`);
  await rename(`${path}.new`, path);
  await syncFolder(folder);
}

async function writeSynced(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const file = await open(path, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await syncFolder(dirname(path));
}

/** Makes new names in a folder survive a power cut. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
