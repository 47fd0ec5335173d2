import type { Dialect } from './dialect.js';
import { DialectPlugin } from './dialect-plugin.js';

/** Answers with the dialect as it stands on disk now; the first call and each later one load it afresh. */
export type LoadDialect = () => Promise<Dialect>;

/** The dialect of a plugin module, which exports it as `dialect`; without a path the one that is built in, which never changes. */
export function dialectLoader(path: string | null, builtIn: Dialect): LoadDialect {
  if (path === null) return () => Promise.resolve(builtIn);
  const plugin = new DialectPlugin(path);
  return () => plugin.reload();
}
