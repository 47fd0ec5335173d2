import { BOOTSTRAP } from '#schemas/catalog/system-tables.js';
import { LISTED_TYPES, oidOf } from '#schemas/values/oids.js';
import type { SqlType, TypeKind } from '#schemas/values/type.js';
import type { VirtualTableEntry } from '../entry.js';
import { type Cells, virtualTable } from '../virtual-table.js';
import { collationOf, operatorClassOf } from './relations.js';
import { TYPE_FUNCTION_OIDS, typeFunctionCells } from './type-functions.js';

/** pg_type and what hangs on types: pg_opclass, pg_am, pg_collation. */

const CATEGORIES: Partial<Record<TypeKind, string>> = {
  boolean: 'B',
  date: 'D',
  time: 'D',
  timetz: 'D',
  timestamp: 'D',
  timestamptz: 'D',
  interval: 'T',
  smallint: 'N',
  integer: 'N',
  bigint: 'N',
  real: 'N',
  double: 'N',
  numeric: 'N',
  oid: 'N',
  regclass: 'N',
  regtype: 'N',
  regproc: 'N',
  text: 'S',
  varchar: 'S',
  char: 'S',
  name: 'S',
  internalchar: 'Z',
  unknown: 'X',
  record: 'P',
  void: 'P',
};
const PREFERRED: ReadonlySet<TypeKind> = new Set<TypeKind>([
  'boolean',
  'timestamptz',
  'interval',
  'double',
  'oid',
  'text',
]);

function typeCells(oid: number, name: string, size: number, type: SqlType, more: Cells): Cells {
  const pseudo = type.kind === 'record' || type.kind === 'void' || type.kind === 'unknown';
  return {
    oid,
    typname: name,
    typnamespace: BOOTSTRAP.pgCatalog,
    typowner: BOOTSTRAP.superuser,
    typlen: size,
    typbyval: size > 0 && size <= 8,
    typtype: pseudo ? 'p' : 'b',
    typcategory: CATEGORIES[type.kind] ?? 'U',
    typispreferred: PREFERRED.has(type.kind),
    typisdefined: true,
    typdelim: ',',
    typrelid: 0,
    typsubscript: 0,
    typelem: 0,
    typarray: 0,
    typinput: 0,
    typoutput: 0,
    typreceive: 0,
    typsend: 0,
    typmodin: 0,
    typmodout: 0,
    typanalyze: 0,
    typalign: size === 1 ? 'c' : size === 2 ? 's' : size === 8 ? 'd' : 'i',
    typstorage: size > 0 ? 'p' : 'x',
    typnotnull: false,
    typbasetype: 0,
    typtypmod: -1,
    typndims: 0,
    typcollation: collationOf(type),
    ...typeFunctionCells(name),
    ...more,
  };
}

function* types(): Iterable<Cells> {
  for (const { oid, arrayOid, size, name, type } of LISTED_TYPES) {
    const hasArray = arrayOid !== 0 && type.kind !== 'unknown';
    // A name is an array of "char" to PostgreSQL.
    yield typeCells(oid, name, size, type, {
      typarray: hasArray ? arrayOid : 0,
      ...(type.kind === 'name' ? { typelem: 18 } : {}),
    });
    if (!hasArray) continue;
    const array: SqlType = { kind: 'array', element: type };
    yield typeCells(arrayOid, `_${name}`, -1, array, {
      typelem: oid,
      typcategory: type.kind === 'record' ? 'P' : 'A',
      typtype: type.kind === 'record' ? 'p' : 'b',
    });
  }
}

const INTERNAL_LANGUAGE = 12;

/** Of functions pg_proc knows those that pg_type refers to. */
function* typeFunctions(): Iterable<Cells> {
  for (const [proname, oid] of TYPE_FUNCTION_OIDS) {
    yield {
      oid,
      proname,
      pronamespace: BOOTSTRAP.pgCatalog,
      proowner: BOOTSTRAP.superuser,
      prolang: INTERNAL_LANGUAGE,
      procost: 1,
      prorows: 0,
      provariadic: 0,
      prosupport: 0,
      prokind: 'f',
      prosecdef: false,
      proleakproof: false,
      proisstrict: true,
      proretset: false,
      provolatile: 'i',
      proparallel: 's',
      pronargs: 1,
      pronargdefaults: 0,
      prosrc: proname,
    };
  }
}

const BTREE = 403;

function* operatorClasses(): Iterable<Cells> {
  for (const { name, type } of LISTED_TYPES) {
    if (['record', 'void', 'unknown', 'json', 'regproc', 'regtype', 'regclass'].includes(type.kind)) continue;
    yield {
      oid: operatorClassOf(type),
      opcmethod: BTREE,
      opcname: `${name}_ops`,
      opcnamespace: BOOTSTRAP.pgCatalog,
      opcowner: BOOTSTRAP.superuser,
      opcfamily: operatorClassOf(type),
      opcintype: oidOf(type),
      opcdefault: true,
      opckeytype: 0,
    };
  }
}

function* collations(): Iterable<Cells> {
  for (const [oid, name, provider] of [
    [100, 'default', 'd'],
    [950, 'C', 'c'],
    [951, 'POSIX', 'c'],
  ] as const) {
    yield {
      oid,
      collname: name,
      collnamespace: BOOTSTRAP.pgCatalog,
      collowner: BOOTSTRAP.superuser,
      collprovider: provider,
      collisdeterministic: true,
      collencoding: -1,
      collcollate: oid === 100 ? null : name,
      collctype: oid === 100 ? null : name,
    };
  }
}

export const TYPE_TABLES: readonly VirtualTableEntry[] = [
  virtualTable(
    'pg_catalog',
    'pg_type',
    1_247,
    'oid oid, typname name, typnamespace oid, typowner oid, typlen int2, typbyval bool, typtype char, typcategory char, typispreferred bool, typisdefined bool, typdelim char, typrelid oid, typsubscript regproc, typelem oid, typarray oid, typinput regproc, typoutput regproc, typreceive regproc, typsend regproc, typmodin regproc, typmodout regproc, typanalyze regproc, typalign char, typstorage char, typnotnull bool, typbasetype oid, typtypmod int4, typndims int4, typcollation oid, typdefaultbin text, typdefault text, typacl text[]',
    types,
  ),
  virtualTable(
    'pg_catalog',
    'pg_opclass',
    2_616,
    'oid oid, opcmethod oid, opcname name, opcnamespace oid, opcowner oid, opcfamily oid, opcintype oid, opcdefault bool, opckeytype oid',
    operatorClasses,
  ),
  virtualTable(
    'pg_catalog',
    'pg_proc',
    1_255,
    'oid oid, proname name, pronamespace oid, proowner oid, prolang oid, procost float4, prorows float4, provariadic oid, prosupport regproc, prokind char, prosecdef bool, proleakproof bool, proisstrict bool, proretset bool, provolatile char, proparallel char, pronargs int2, pronargdefaults int2, prorettype oid, proargtypes oidvector, proallargtypes oid[], proargmodes char[], proargnames text[], proargdefaults text, protrftypes oid[], prosrc text, probin text, prosqlbody text, proconfig text[], proacl text[]',
    typeFunctions,
  ),
  virtualTable('pg_catalog', 'pg_am', 2_601, 'oid oid, amname name, amhandler regproc, amtype char', () => [
    { oid: 2, amname: 'heap', amhandler: 3, amtype: 't' },
    { oid: BTREE, amname: 'btree', amhandler: 330, amtype: 'i' },
  ]),
  virtualTable(
    'pg_catalog',
    'pg_collation',
    3_456,
    'oid oid, collname name, collnamespace oid, collowner oid, collprovider char, collisdeterministic bool, collencoding int4, collcollate text, collctype text, colliculocale text, collversion text',
    collations,
  ),
  virtualTable(
    'pg_catalog',
    'pg_language',
    2_612,
    'oid oid, lanname name, lanowner oid, lanispl bool, lanpltrusted bool, lanplcallfoid oid, laninline oid, lanvalidator oid, lanacl text[]',
    () => [
      {
        oid: 12,
        lanname: 'internal',
        lanowner: 10,
        lanispl: false,
        lanpltrusted: false,
        lanplcallfoid: 0,
        laninline: 0,
        lanvalidator: 0,
      },
      {
        oid: 14,
        lanname: 'sql',
        lanowner: 10,
        lanispl: false,
        lanpltrusted: true,
        lanplcallfoid: 0,
        laninline: 0,
        lanvalidator: 0,
      },
    ],
  ),
];
