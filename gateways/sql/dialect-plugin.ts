import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Dialect } from './dialect.js';

/** Imports a module by its URL. */
export type ImportModule = (url: string) => Promise<unknown>;

const importModule: ImportModule = (url) => import(url) as Promise<unknown>;

/**
 * A dialect kept in a module of its own, which exports it as `dialect`. Owns the dialect in use: what is connected keeps the one that it
 * began with, new connections ask for `current`.
 *
 * A reload imports the module's file again under a new URL. Node keeps what that file imports: a plugin that is to be replaced while
 * the gateway runs is one bundled file.
 */
export class DialectPlugin {
  private readonly path: string;
  private readonly load: ImportModule;
  private loaded: Dialect | null = null;
  private generation = 0;

  /** `path` is a file's path, absolute or from the working directory. */
  constructor(path: string, load: ImportModule = importModule) {
    this.path = resolve(path);
    this.load = load;
  }

  /** The dialect of the last successful load. */
  get current(): Dialect {
    if (this.loaded === null) throw new Error(`dialect plugin ${this.path} is not loaded`);
    return this.loaded;
  }

  /** Loads or reloads the module. On failure the dialect in use stays, and the error says what is wrong with the module. */
  async reload(): Promise<Dialect> {
    const url = `${pathToFileURL(this.path).href}?generation=${++this.generation}`;
    const module = await this.load(url);
    const dialect = typeof module === 'object' && module !== null && 'dialect' in module ? module.dialect : null;
    if (!isDialect(dialect)) throw new Error(`${this.path} exports no dialect`);
    this.loaded = dialect;
    return dialect;
  }
}

/** Has what a gateway touches first; a plugin is code that its operator chose to run, so this finds mistakes, not malice. */
function isDialect(value: unknown): value is Dialect {
  if (typeof value !== 'object' || value === null) return false;
  const parts = [
    'name',
    'version',
    'lexicon',
    'keywords',
    'grammar',
    'typeAliases',
    'tag',
    'syntaxError',
    'catalogViews',
  ];
  return parts.every((part) => part in value);
}
