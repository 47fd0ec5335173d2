import { compileSchema } from './avro-types.js';

/** Compatibility levels of Confluent's registry. BACKWARD: new schemas read old data; FORWARD: old schemas read new data; *_TRANSITIVE: all earlier versions, not the last alone. */
export const COMPATIBILITY_LEVELS = [
  'NONE',
  'BACKWARD',
  'BACKWARD_TRANSITIVE',
  'FORWARD',
  'FORWARD_TRANSITIVE',
  'FULL',
  'FULL_TRANSITIVE',
] as const;
export type CompatibilityLevel = (typeof COMPATIBILITY_LEVELS)[number];

export function isCompatibilityLevel(text: unknown): text is CompatibilityLevel {
  return (COMPATIBILITY_LEVELS as readonly unknown[]).includes(text);
}

/** Null when `text` is a valid Avro schema, else what is wrong with it. */
export function schemaFault(text: string): string | null {
  try {
    compile(text);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** The schema's text in one spelling, so that the same schema registered twice is seen to be the same. Attributes are kept: they are part of its meaning to us. */
export function canonicalText(text: string): string {
  return JSON.stringify(JSON.parse(text));
}

/**
 * Reasons why `candidate` may not follow `earlier` (oldest first) at `level`; empty when it may. Checked by Avro's schema resolution rules.
 */
export function incompatibilities(candidate: string, earlier: readonly string[], level: CompatibilityLevel): string[] {
  if (level === 'NONE' || earlier.length === 0) return [];
  const against = level.endsWith('_TRANSITIVE') ? earlier : earlier.slice(-1);
  const messages: string[] = [];
  for (const old of against) {
    if (level.startsWith('BACKWARD') || level.startsWith('FULL'))
      messages.push(...cannotRead(candidate, old, 'the new schema cannot read data of an earlier one'));
    if (level.startsWith('FORWARD') || level.startsWith('FULL'))
      messages.push(...cannotRead(old, candidate, 'an earlier schema cannot read data of the new one'));
  }
  return [...new Set(messages)];
}

function cannotRead(reader: string, writer: string, what: string): string[] {
  try {
    compile(reader).createResolver(compile(writer));
    return [];
  } catch (error) {
    return [`${what}: ${error instanceof Error ? error.message : String(error)}`];
  }
}

function compile(text: string): ReturnType<typeof compileSchema> {
  return compileSchema(JSON.parse(text) as Record<string, unknown>);
}
