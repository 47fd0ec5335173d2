import type { Query, SelectItem } from '#schemas/program/query.js';
import type { ObjectPath, Option, Statement } from '#schemas/program/statement.js';
import type { Parser } from './parser.js';
import { plainQuery, plainSelect, plainTable } from './plain-query.js';
import { TOKEN } from './scanner.js';
import { optionValue } from './storage-options.js';

/** COPY in both directions, with options in parentheses or as PostgreSQL before 9.0 had them. */
export function parseCopy(p: Parser): Statement {
  p.expect('copy');
  const options: Option[] = [];
  if (p.at('binary')) options.push({ name: 'format', value: 'binary', token: p.ordinal });
  p.accept('binary');
  if (p.atSymbol('(')) {
    p.expectSymbol('(');
    if (!p.startsQuery())
      throw p.atAny('insert', 'update', 'delete')
        ? p.unsupported('COPY of a data-modifying statement')
        : p.syntaxError();
    const query = p.dialect.grammar.query(p);
    p.expectSymbol(')');
    p.expect('to');
    return { kind: 'copy-out', query, options: copyTail(p, options) };
  }
  const start = p.ordinal;
  const table = p.objectPath();
  const columns = p.atSymbol('(') ? p.parenthesised(() => p.identifier()) : [];
  if (p.accept('from')) {
    const statement: Statement = { kind: 'copy-in', table, columns, options: copyTail(p, options) };
    if (p.at('where')) throw p.unsupported('WHERE in COPY FROM');
    return statement;
  }
  p.expect('to');
  return { kind: 'copy-out', query: wholeTable(table, columns, start), options: copyTail(p, options) };
}

function wholeTable(table: ObjectPath, columns: readonly string[], token: number): Query {
  const items = columns.map(
    (name): SelectItem => ({ kind: 'expression', expression: { kind: 'column', path: [name], token }, alias: null }),
  );
  const star: SelectItem = { kind: 'star', path: [], token };
  return plainQuery(
    plainSelect(items.length > 0 ? items : [star], [plainTable(table.path, false, table.token)], token),
  );
}

/** STDIN or STDOUT, either in either direction as in PostgreSQL, and the options. */
function copyTail(p: Parser, options: Option[]): Option[] {
  if (p.at('program') || p.token.kind === TOKEN.string)
    throw p.unsupported('COPY with a file or program of the server');
  if (p.acceptAny('stdin', 'stdout') === null) throw p.syntaxError();
  if (p.at('using', 'delimiters')) throw p.unsupported('USING DELIMITERS');
  p.accept('with');
  if (p.atSymbol('(')) options.push(...p.parenthesised(() => copyOption(p)).flat());
  else for (let next = oldOption(p); next !== null; next = oldOption(p)) options.push(...next);
  refuseRepeated(p, options);
  return options;
}

function refuseRepeated(p: Parser, options: readonly Option[]): void {
  const seen = new Map<string, number>();
  for (const { name, token } of options) {
    const before = seen.get(name);
    // A list of columns is several options of one name and place.
    if (before !== undefined && before !== token)
      throw p.errorAt('syntax_error', 'conflicting or redundant options', token);
    seen.set(name, token);
  }
}

const OPTIONS = [
  'format',
  'freeze',
  'delimiter',
  'null',
  'header',
  'quote',
  'escape',
  'force_quote',
  'force_not_null',
  'force_null',
  'encoding',
];

function copyOption(p: Parser): Option[] {
  const token = p.ordinal;
  const name = p.label();
  if (!OPTIONS.includes(name)) throw p.errorAt('syntax_error', `option "${name}" not recognized`, token);
  if (name.startsWith('force_')) return columnOptions(p, name, token, true);
  return [{ name, value: flagOrText(name, optionValue(p)), token }];
}

/** freeze and header are on when nothing is said; other options keep their words. */
function flagOrText(name: string, value: Option['value']): Option['value'] {
  if (name !== 'freeze' && name !== 'header') return value;
  if (value === null || value === 1 || value === 'on') return true;
  return value === 0 || value === 'off' ? false : value;
}

function columnOptions(p: Parser, name: string, token: number, parenthesised: boolean): Option[] {
  if (p.acceptOperator('*')) return [{ name, value: '*', token }];
  const columns = parenthesised ? p.parenthesised(() => p.identifier()) : p.identifiers();
  return columns.map((value) => ({ name, value, token }));
}

function oldOption(p: Parser): Option[] | null {
  const token = p.ordinal;
  const one = (name: string, value: Option['value']): Option[] => [{ name, value, token }];
  if (p.accept('binary')) return one('format', 'binary');
  if (p.accept('csv')) return one('format', 'csv');
  if (p.accept('freeze')) return one('freeze', true);
  if (p.accept('header')) return one('header', true);
  const text = p.acceptAny('delimiter', 'null', 'quote', 'escape', 'encoding');
  if (text !== null) {
    p.accept('as');
    return one(text, p.string());
  }
  if (p.accept('force', 'quote')) return columnOptions(p, 'force_quote', token, false);
  if (p.accept('force', 'not', 'null')) return columnOptions(p, 'force_not_null', token, false);
  if (p.accept('force', 'null')) return columnOptions(p, 'force_null', token, false);
  return null;
}
