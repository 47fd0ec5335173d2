import type { Value } from '#schemas/values/value.js';

/*
 * A regclass, regtype or regproc in a result: the engine knows the name, and only the gateway knows whether the client asked for the text or
 * the binary form. So both travel.
 *
 *   named-oid = [oid, name]
 */

/** The value of a result column of such a type. */
export function namedOid(oid: number, name: string): Value {
  return [oid, name];
}

/** The oid; parameters and rows of COPY have nothing else. */
export function oidOf(value: Value): number {
  return Array.isArray(value) ? (value[0] as number) : (value as number);
}

/** The text form. */
export function nameOf(value: Value): string {
  return Array.isArray(value) ? (value[1] as string) : String(value);
}
