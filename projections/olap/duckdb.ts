import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';

export interface DuckDbLimits {
  readonly memoryMb: number;
  readonly threads: number;
}

/** `name` as an identifier in DuckDB's SQL. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** `text` as a string literal in DuckDB's SQL: for paths of our own files, which cannot be parameters. */
export function stringLiteral(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** Files of one layout as a table of DuckDB's SQL. The day in their paths is no column. */
export function parquetFiles(paths: readonly string[]): string {
  return `read_parquet([${paths.map(stringLiteral).join(', ')}], hive_partitioning = false)`;
}

/** The one DuckDB of the process: a database in memory that may read and write the projection's folder and nothing else, and loads no extension. */
export class DuckDb {
  readonly #instance: DuckDBInstance;
  /** For writing files. One statement at a time: a second one would end the first. */
  readonly main: DuckDBConnection;
  /** Connections that no query uses at the moment. */
  readonly #idle: DuckDBConnection[] = [];

  private constructor(instance: DuckDBInstance, main: DuckDBConnection) {
    this.#instance = instance;
    this.main = main;
  }

  static async open(folder: string, limits: DuckDbLimits): Promise<DuckDb> {
    const spill = join(folder, 'spill');
    await rm(spill, { recursive: true, force: true });
    await mkdir(spill, { recursive: true, mode: 0o700 });
    const instance = await DuckDBInstance.create(':memory:', {
      threads: String(limits.threads),
      memory_limit: `${limits.memoryMb}MB`,
      temp_directory: spill,
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
    });
    const main = await instance.connect();
    await main.run(`SET allowed_directories = [${stringLiteral(`${folder}/`)}]`);
    await main.run('SET enable_external_access = false');
    await main.run('SET lock_configuration = true');
    return new DuckDb(instance, main);
  }

  /** Runs something on a connection of its own. */
  async withConnection<T>(run: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    const connection = await this.take();
    try {
      return await run(connection);
    } finally {
      this.release(connection);
    }
  }

  async take(): Promise<DuckDBConnection> {
    return this.#idle.pop() ?? (await this.#instance.connect());
  }

  release(connection: DuckDBConnection): void {
    this.#idle.push(connection);
  }

  close(): void {
    for (const connection of this.#idle.splice(0)) connection.closeSync();
    this.main.closeSync();
    this.#instance.closeSync();
  }
}
