import type { CompatibilityLevel } from '../events/compatibility.js';
import type { RegistryStore } from './built-in.js';
import type { RegisteredSchema } from './registry.js';

/** A registry's store in memory. It needs the schemas of the subject `fixed` always, and those of `table` readable. */
export function memoryStore(): RegistryStore {
  let schemas: RegisteredSchema[] = [];
  const compatibility = new Map<string, CompatibilityLevel>();
  return {
    firstId: 1,
    load: async () => ({ schemas, compatibility }),
    needs: (schema) => (schema.subject === 'fixed' ? 'always' : schema.subject === 'table' ? 'readable' : null),
    put: async (schema) => {
      schemas = [...schemas.filter((s) => s.subject !== schema.subject || s.version !== schema.version), schema];
    },
    remove: async (subject, versions) => {
      schemas = schemas.filter((s) => s.subject !== subject || !versions.includes(s.version));
    },
    setCompatibility: async (subject, level) =>
      void (level === null ? compatibility.delete(subject) : compatibility.set(subject, level)),
  };
}
