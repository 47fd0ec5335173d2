import {
  type CompatibilityLevel,
  canonicalText,
  incompatibilities,
  isCompatibilityLevel,
  schemaFault,
} from '../events/compatibility.js';
import { DEFAULT_COMPATIBILITY, type RegisteredSchema, RegistryError, type SchemaRegistry } from './registry.js';

/** Where the built-in registry keeps what it knows: system tables, and so the log. */
export interface RegistryStore {
  /** The first id that a registration may get; lower ones are given by other means. */
  readonly firstId: number;
  /** Every registered version, and compatibility settings by subject ('' = global). */
  load(): Promise<{ schemas: readonly RegisteredSchema[]; compatibility: ReadonlyMap<string, CompatibilityLevel> }>;
  /**
   * Whether the store needs a schema itself: 'always' = it may not even be soft-deleted, 'readable' = its text must stay, null = it may
   * be forgotten.
   */
  needs(schema: RegisteredSchema): 'always' | 'readable' | null;
  /** Durable when resolved. */
  put(schema: RegisteredSchema): Promise<void>;
  /** Forgets versions for good. */
  remove(subject: string, versions: readonly number[]): Promise<void>;
  setCompatibility(subject: string, level: CompatibilityLevel | null): Promise<void>;
}

/**
 * The built-in schema registry: subjects, versions, global ids, compatibility. Answers from the store each time, because the store's truth is the
 * log and other nodes may have added to it; writes are made one after another so that two registrations never take one version number.
 */
export class BuiltInRegistry implements SchemaRegistry {
  readonly #store: RegistryStore;
  #writing: Promise<unknown> = Promise.resolve();

  constructor(store: RegistryStore) {
    this.#store = store;
  }

  register(subject: string, schema: string): Promise<number> {
    return this.#serial(async () => {
      const text = checked(schema);
      const { schemas, compatibility } = await this.#store.load();
      const mine = versionsOf(schemas, subject);
      const same = mine.find((s) => s.schema === text);
      if (same !== undefined) return same.id;
      const reasons = incompatibilities(
        text,
        mine.map((s) => s.schema),
        levelOf(compatibility, subject),
      );
      if (reasons.length > 0) {
        throw new RegistryError(
          409,
          409,
          `Schema being registered is incompatible with an earlier schema for subject "${subject}": ${reasons.join('; ')}`,
        );
      }
      const known = schemas.find((s) => s.schema === text);
      const id = known?.id ?? 1 + schemas.reduce((most, s) => Math.max(most, s.id), this.#store.firstId - 1);
      const version = 1 + schemas.reduce((most, s) => (s.subject === subject ? Math.max(most, s.version) : most), 0);
      await this.#store.put({ subject, version, id, schema: text, deleted: false });
      return id;
    });
  }

  async schemaById(id: number): Promise<string | null> {
    const { schemas } = await this.#store.load();
    return schemas.find((s) => s.id === id)?.schema ?? null;
  }

  async schemasOf(subject: string): Promise<readonly string[]> {
    return versionsOf((await this.#store.load()).schemas, subject).map((s) => s.schema);
  }

  async subjects(withDeleted = false): Promise<string[]> {
    const { schemas } = await this.#store.load();
    return [...new Set(schemas.filter((s) => withDeleted || !s.deleted).map((s) => s.subject))].sort();
  }

  /** Throws 40401 for a subject without versions. */
  async versions(subject: string, withDeleted = false): Promise<number[]> {
    return (await this.#existing(subject, withDeleted)).map((s) => s.version);
  }

  /** `version` is a number or 'latest'. Throws 40401 and 40402 for what is not there, 42202 for what is no version. */
  async version(subject: string, version: string, withDeleted = false): Promise<RegisteredSchema> {
    const mine = await this.#existing(subject, withDeleted);
    const found =
      version === 'latest' || version === '-1' ? mine.at(-1) : mine.find((s) => s.version === versionNumber(version));
    if (found === undefined) throw new RegistryError(404, 40402, `Version ${version} not found.`);
    return found;
  }

  /** The version of `subject` that has exactly this schema. Throws 40403. */
  async lookup(subject: string, schema: string): Promise<RegisteredSchema> {
    const text = checked(schema);
    const found = (await this.#existing(subject)).find((s) => s.schema === text);
    if (found === undefined) throw new RegistryError(404, 40403, 'Schema not found');
    return found;
  }

  async usesOf(id: number): Promise<RegisteredSchema[]> {
    const { schemas } = await this.#store.load();
    const found = schemas.filter((s) => s.id === id);
    if (found.length === 0) throw new RegistryError(404, 40403, `Schema ${id} not found`);
    return found.filter((s) => !s.deleted);
  }

  /** Messages that say why `schema` may not be registered; empty when it may. */
  async check(subject: string, version: string | null, schema: string): Promise<string[]> {
    const text = checked(schema);
    const { schemas, compatibility } = await this.#store.load();
    const mine = versionsOf(schemas, subject);
    const level = levelOf(compatibility, subject);
    if (version === null)
      return incompatibilities(
        text,
        mine.map((s) => s.schema),
        level,
      );
    const one = await this.version(subject, version);
    return incompatibilities(text, [one.schema], level);
  }

  /** Soft-deletes one version, or all of a subject (`version` null); answers which. `permanent` forgets versions that were soft-deleted before. */
  remove(subject: string, version: string | null, permanent: boolean): Promise<number[]> {
    return this.#serial(async () => {
      const { schemas } = await this.#store.load();
      const all = schemas.filter((s) => s.subject === subject).sort((a, b) => a.version - b.version);
      if (all.length === 0) throw new RegistryError(404, 40401, `Subject '${subject}' not found.`);
      const wanted =
        version === null
          ? all
          : [
              version === 'latest'
                ? all.filter((s) => !s.deleted).at(-1)
                : all.find((s) => s.version === versionNumber(version)),
            ];
      const targets = wanted.filter((s) => s !== undefined);
      if (targets.length === 0) throw new RegistryError(404, 40402, `Version ${version} not found.`);
      this.#requireRemovable(targets, version, permanent);
      if (permanent) {
        const versions = targets.map((s) => s.version);
        await this.#store.remove(subject, versions);
        return versions;
      }
      const live = targets.filter((s) => !s.deleted);
      for (const target of live) await this.#store.put({ ...target, deleted: true });
      return live.map((s) => s.version);
    });
  }

  /** Throws 40404 to 40407 for the wrong order of the two deletions, 42205 for what the log is read with. */
  #requireRemovable(targets: readonly RegisteredSchema[], version: string | null, permanent: boolean): void {
    const what = `Subject '${targets[0]?.subject}'${version === null ? '' : ` Version ${version}`}`;
    if (permanent ? targets.some((s) => !s.deleted) : targets.every((s) => s.deleted)) {
      const code = (version === null ? 40404 : 40406) + (permanent ? 1 : 0);
      const text = permanent
        ? 'was not deleted first before being permanently deleted'
        : 'was soft deleted. Set permanent=true to delete permanently';
      throw new RegistryError(404, code, `${what} ${text}`);
    }
    const needed = targets.map((s) => this.#store.needs(s));
    if (needed.includes('always') || (permanent && needed.includes('readable')))
      throw new RegistryError(422, 42205, `${what} is what events of the log are read with and cannot be deleted`);
  }

  /** The level of a subject ('' = global); null when it has none of its own. */
  async compatibility(subject: string): Promise<CompatibilityLevel | null> {
    const { compatibility } = await this.#store.load();
    return compatibility.get(subject) ?? (subject === '' ? DEFAULT_COMPATIBILITY : null);
  }

  setCompatibility(subject: string, level: unknown): Promise<void> {
    return this.#serial(async () => {
      if (level !== null && !isCompatibilityLevel(level))
        throw new RegistryError(
          422,
          42203,
          `Invalid compatibility level. Valid values are none, backward, forward, full and their transitive forms`,
        );
      await this.#store.setCompatibility(subject, level);
    });
  }

  async #existing(subject: string, withDeleted = false): Promise<RegisteredSchema[]> {
    const { schemas } = await this.#store.load();
    const mine = withDeleted
      ? schemas.filter((s) => s.subject === subject).sort((a, b) => a.version - b.version)
      : versionsOf(schemas, subject);
    if (mine.length === 0) throw new RegistryError(404, 40401, `Subject '${subject}' not found.`);
    return mine;
  }

  #serial<T>(work: () => Promise<T>): Promise<T> {
    const next = this.#writing.then(work, work);
    this.#writing = next.catch(() => undefined);
    return next;
  }
}

function versionsOf(schemas: readonly RegisteredSchema[], subject: string): RegisteredSchema[] {
  return schemas.filter((s) => s.subject === subject && !s.deleted).sort((a, b) => a.version - b.version);
}

function levelOf(compatibility: ReadonlyMap<string, CompatibilityLevel>, subject: string): CompatibilityLevel {
  return compatibility.get(subject) ?? compatibility.get('') ?? DEFAULT_COMPATIBILITY;
}

function checked(schema: string): string {
  const fault = schemaFault(schema);
  if (fault !== null) throw new RegistryError(422, 42201, `Invalid schema: ${fault}`);
  return canonicalText(schema);
}

function versionNumber(text: string): number {
  const version = Number(text);
  if (!Number.isInteger(version) || version < 1) {
    throw new RegistryError(
      422,
      42202,
      `The specified version '${text}' is not a valid version id. Allowed values are between [1, 2^31-1] and the string "latest"`,
    );
  }
  return version;
}
