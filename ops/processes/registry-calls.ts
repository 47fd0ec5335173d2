import type { BuiltInRegistry } from '#schemas/registry/built-in.js';
import type { Methods } from './calls.js';

/** The schema registry as the supervisor calls it, for HTTP. */
export function registryCalls(registry: BuiltInRegistry): Methods {
  return {
    'registry.register': (subject: string, schema: string) => registry.register(subject, schema),
    'registry.subjects': (deleted: boolean) => registry.subjects(deleted),
    'registry.versions': (subject: string, deleted: boolean) => registry.versions(subject, deleted),
    'registry.version': (subject: string, version: string, deleted: boolean) =>
      registry.version(subject, version, deleted),
    'registry.lookup': (subject: string, schema: string) => registry.lookup(subject, schema),
    'registry.schema': (id: number) => registry.schemaById(id),
    'registry.uses': (id: number) => registry.usesOf(id),
    'registry.check': (subject: string, version: string | null, schema: string) =>
      registry.check(subject, version, schema),
    'registry.remove': (subject: string, version: string | null, permanent: boolean) =>
      registry.remove(subject, version, permanent),
    'registry.compatibility': (subject: string) => registry.compatibility(subject),
    'registry.setCompatibility': (subject: string, level: unknown) => registry.setCompatibility(subject, level),
  };
}
