import type { TypeName } from '#schemas/program/expression.js';
import type { SqlType } from '#schemas/values/type.js';
import type { Parser } from '../../sql/parser.js';
import { parseTypeName } from '../../sql/type-name.js';

type Rule = (p: Parser) => Pick<TypeName, 'name' | 'modifiers'>;

const plain = (name: string): Rule => {
  return () => ({ name: [name], modifiers: [] });
};

/** Types whose values the program has no type for: another would hold or show some of them differently. */
const REFUSED: ReadonlySet<string> = new Set([
  ...['tinyint', 'mediumint', 'bit', 'year', 'enum', 'set', 'binary', 'varbinary', 'unsigned', 'geometry', 'point'],
]);

const RULES: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ...['int', 'integer', 'int4'].map((word) => [word, integer('int4')] as const),
  ['smallint', integer('int2')],
  ['bigint', integer('int8')],
  ['bool', plain('bool')],
  ['boolean', plain('bool')],
  ['float', plain('float4')],
  ['double', double],
  ['real', plain('float8')],
  ...['decimal', 'numeric', 'dec', 'fixed'].map((word) => [word, decimal] as const),
  ['datetime', withFraction('timestamp')],
  ['timestamp', withFraction('timestamptz')],
  ['time', withFraction('time')],
  ['date', plain('date')],
  ['char', (p) => character(p, 'bpchar')],
  ['character', (p) => character(p, p.accept('varying') ? 'varchar' : 'bpchar')],
  ['nchar', (p) => character(p, 'bpchar')],
  ['varchar', (p) => character(p, 'varchar')],
  ['nvarchar', (p) => character(p, 'varchar')],
  ['national', national],
  ...['text', 'tinytext', 'mediumtext', 'longtext'].map((word) => [word, plain('text')] as const),
  ...['blob', 'tinyblob', 'mediumblob', 'longblob'].map((word) => [word, plain('bytea')] as const),
  ['json', plain('jsonb')],
]);

/** A column's type by MySQL's names; any other name goes on as it is, so that the types of other dialects stay in reach. */
export function columnType(p: Parser): TypeName {
  const token = p.ordinal;
  const { keyword } = p.token;
  if (REFUSED.has(keyword)) throw p.unsupported(`the type ${keyword}`);
  const rule = RULES.get(keyword);
  if (rule === undefined) return parseTypeName(p);
  p.advance();
  const type = { ...rule(p), arrayDimensions: 0, token };
  if (p.atAny('unsigned', 'zerofill')) throw p.unsupported(p.token.text.toUpperCase());
  characterSet(p);
  return type;
}

/** The type of CAST and CONVERT, which has names of its own. */
export function castType(p: Parser): TypeName {
  const token = p.ordinal;
  const named = (name: string): TypeName => ({ name: [name], modifiers: [], arrayDimensions: 0, token });
  if (p.accept('signed')) {
    if (!p.accept('integer')) p.accept('int');
    return named('int8');
  }
  // CAST(… AS CHAR) has no length: it cuts nothing.
  if (p.at('char') && !p.atSymbol('(', 1) && p.accept('char')) return named('text');
  return columnType(p);
}

/** Collations that compare bytes. */
export const BYTE_COLLATION = /^(?:utf8(?:mb[34])?(?:_0900)?_bin|binary)$/;

/** Sets and collations that mean what is stored and compared here; a case-insensitive one would be another order. */
export function characterSet(p: Parser): void {
  for (;;) {
    if (p.accept('character', 'set') || p.accept('charset')) {
      p.acceptOperator('=');
      const name = p.label();
      if (!/^utf8(?:mb[34])?$/.test(name)) throw p.unsupported(`the character set ${name}`, p.ordinal - 1);
    } else if (p.accept('collate')) {
      p.acceptOperator('=');
      const name = p.label();
      if (!BYTE_COLLATION.test(name)) throw p.unsupported(`the collation ${name}`, p.ordinal - 1);
    } else return;
  }
}

function modifiers(p: Parser): number[] {
  return p.atSymbol('(') ? p.parenthesised(() => p.integer()) : [];
}

/** INT(11): the width is of the display and means nothing. */
function integer(name: string): Rule {
  return (p) => {
    modifiers(p);
    p.accept('signed');
    return { name: [name], modifiers: [] };
  };
}

function double(p: Parser): ReturnType<Rule> {
  p.accept('precision');
  return { name: ['float8'], modifiers: [] };
}

function decimal(p: Parser): ReturnType<Rule> {
  const [precision = 10, scale = 0] = modifiers(p);
  return { name: ['numeric'], modifiers: [precision, scale] };
}

/** Microseconds are kept where MySQL would round to seconds; a precision of its own goes to the engine, which has that one only. */
function withFraction(name: string): Rule {
  return (p) => ({ name: [name], modifiers: modifiers(p) });
}

function character(p: Parser, name: string): ReturnType<Rule> {
  if (!p.atSymbol('(') && name === 'varchar') throw p.syntaxError();
  const written = modifiers(p);
  return { name: [name], modifiers: written.length > 0 ? written : [1] };
}

function national(p: Parser): ReturnType<Rule> {
  const isVarying = p.accept('varchar');
  if (!isVarying && p.acceptAny('char', 'character') === null) throw p.syntaxError();
  return character(p, isVarying || p.accept('varying') ? 'varchar' : 'bpchar');
}

/** Types whose text form needs nothing but the session's settings to be read. */
export const CONVERTIBLE_TYPES: ReadonlySet<string> = new Set([
  ...['bool', 'int2', 'int4', 'int8', 'float4', 'float8', 'numeric', 'text', 'varchar', 'bpchar', 'bytea'],
  ...['date', 'time', 'timestamp', 'timestamptz', 'uuid', 'jsonb'],
]);

const DISPLAYED: Readonly<Partial<Record<SqlType['kind'], string>>> = {
  integer: 'int',
  boolean: 'boolean',
  real: 'float',
  timestamp: 'datetime',
  timestamptz: 'timestamp',
  bytea: 'blob',
  jsonb: 'json',
};

/** A type as MySQL's messages name it. */
export function displayType(type: SqlType): string {
  switch (type.kind) {
    case 'numeric':
      return type.precision === null ? 'decimal' : `decimal(${type.precision},${type.scale ?? 0})`;
    case 'varchar':
      return type.length === null ? 'varchar' : `varchar(${type.length})`;
    case 'char':
      return `char(${type.length})`;
    default:
      return DISPLAYED[type.kind] ?? type.kind;
  }
}
