import type { ObjectId } from '#schemas/kernel/brand.js';
import { PRIVILEGES } from '../ddl/privileges.js';
import type { CatalogSnapshot } from '../snapshot.js';

/** Privileges as the letters of PostgreSQL's aclitem. */
const LETTERS: Readonly<Record<string, string>> = {
  insert: 'a',
  select: 'r',
  update: 'w',
  delete: 'd',
  truncate: 'D',
  references: 'x',
  trigger: 't',
  usage: 'U',
  create: 'C',
  connect: 'c',
  temporary: 'T',
};

/** PostgreSQL shows letters in the order of its own bits. */
const ORDER = 'arwdDxtXUCTcsA';

/** An object's ACL in aclitem form, the owner's own first; null while nothing was ever granted. */
export function aclOf(catalog: CatalogSnapshot, object: ObjectId, owner: ObjectId, kind: string): string[] | null {
  const grants = catalog.grantsOf(object);
  if (grants.length === 0) return null;
  const nameOf = (id: ObjectId): string => (id === 0 ? '' : (catalog.userById(id)?.name ?? String(id)));
  const byGrantee = new Map<ObjectId, string>();
  const add = (grantee: ObjectId, letters: string): void => {
    byGrantee.set(grantee, (byGrantee.get(grantee) ?? '') + letters);
  };
  add(owner, (PRIVILEGES[kind] ?? []).map((privilege) => LETTERS[privilege] ?? '').join(''));
  for (const grant of grants) {
    if (grant.grantee === owner) continue;
    add(
      grant.grantee,
      grant.privileges.map((privilege) => (LETTERS[privilege] ?? '') + (grant.grantOption ? '*' : '')).join(''),
    );
  }
  return [...byGrantee].map(([grantee, letters]) => `${nameOf(grantee)}=${ordered(letters)}/${nameOf(owner)}`);
}

function ordered(letters: string): string {
  return (letters.match(/.\*?/g) ?? [])
    .sort((a, b) => ORDER.indexOf(a[0] as string) - ORDER.indexOf(b[0] as string))
    .join('');
}
