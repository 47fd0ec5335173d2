import type { ObjectId } from '#schemas/kernel/brand.js';
import type { CatalogSnapshot } from '../snapshot.js';

/** PostgreSQL's longest name, in bytes. */
const NAME_MAX = 63;

/** makeObjectName: name1_name2_label, with the longer of the two names cut so that it fits. */
export function objectName(first: string, second: string | null, label: string): string {
  const overhead = (second === null ? 0 : 1) + label.length + 1;
  let a = Buffer.from(first);
  let b = Buffer.from(second ?? '');
  while (a.length + b.length + overhead > NAME_MAX) {
    if (a.length > b.length) a = a.subarray(0, a.length - 1);
    else b = b.subarray(0, b.length - 1);
  }
  const text = (bytes: Buffer): string => bytes.toString('utf8').replace(/\ufffd+$/, '');
  return `${text(a)}${second === null ? '' : `_${text(b)}`}_${label}`;
}

/** A free relation name in a schema: label, label1, label2, … */
export function freeRelationName(
  snapshot: CatalogSnapshot,
  schema: ObjectId,
  first: string,
  second: string | null,
  label: string,
): string {
  return firstFree(
    (attempt) => objectName(first, second, attempt),
    label,
    (name) => snapshot.relationNamed(schema, name) !== null,
  );
}

/** A free constraint name on a table; constraints with an index need their name free among relations too. */
export function freeConstraintName(
  snapshot: CatalogSnapshot,
  relation: ObjectId,
  first: string,
  second: string | null,
  label: string,
  taken: ReadonlySet<string> = new Set(),
): string {
  const used = new Set(snapshot.constraintsOf(relation).map((constraint) => constraint.name));
  return firstFree(
    (attempt) => objectName(first, second, attempt),
    label,
    (name) => used.has(name) || taken.has(name),
  );
}

function firstFree(make: (label: string) => string, label: string, isTaken: (name: string) => boolean): string {
  for (let i = 0; ; i++) {
    const name = make(i === 0 ? label : `${label}${i}`);
    if (!isTaken(name)) return name;
  }
}
