import { pathToFileURL } from 'node:url';
import type { Dialect } from '../sql/dialect.js';
import { dialect as builtIn } from './dialect/dialect.js';

/**
 * The dialect of a plugin module, which exports it as `dialect`; null = PostgreSQL's own. Another `generation` loads the module afresh, as it
 * stands on disk now. Rejects when there is no such module or it exports no dialect.
 */
export async function loadDialect(path: string | null, generation: number): Promise<Dialect> {
  if (path === null) return builtIn;
  const module: unknown = await import(`${pathToFileURL(path).href}?generation=${generation}`);
  if (typeof module === 'object' && module !== null && 'dialect' in module && isDialect(module.dialect))
    return module.dialect;
  throw new Error(`${path} exports no dialect`);
}

function isDialect(value: unknown): value is Dialect {
  return typeof value === 'object' && value !== null && 'grammar' in value && 'lexicon' in value && 'keywords' in value;
}
