import type { Expression } from '#schemas/program/expression.js';
import type {
  ColumnConstraint,
  ColumnDefinition,
  ForeignKey,
  ReferentialAction,
  TableConstraint,
} from '#schemas/program/statement.js';
import type { Parser } from './parser.js';
import { STRENGTH } from './precedence.js';
import { sequenceOptions } from './sequence-options.js';

/** name type [constraint …] */
export function columnDefinition(p: Parser): ColumnDefinition {
  const token = p.ordinal;
  const name = p.identifier();
  const { typeName, columnType } = p.dialect.grammar;
  const { type, constraints: implied } = columnType?.(p, name) ?? { type: typeName(p), constraints: [] };
  if (p.atAny('storage', 'compression', 'options')) throw p.unsupported(`${p.token.text.toUpperCase()} of a column`);
  const constraints: ColumnConstraint[] = [...implied];
  for (let next = columnConstraint(p, name); next !== null; next = columnConstraint(p, name)) constraints.push(next);
  return { name, type, constraints, token };
}

function columnConstraint(p: Parser, column: string): ColumnConstraint | null {
  const own = p.dialect.grammar.columnAttribute?.(p) ?? null;
  if (own !== null) return own;
  const token = p.ordinal;
  const name = p.accept('constraint') ? p.identifier() : null;
  if (p.accept('not', 'null')) return { kind: 'not-null', name };
  if (p.accept('null')) return { kind: 'null', name };
  if (p.accept('default')) return { kind: 'default', ...keptExpression(p, STRENGTH.comparison) };
  if (p.accept('generated')) return generated(p);
  if (p.accept('collate')) return { kind: 'collate', collation: p.path() };
  const constraint = constraintBody(p, name, [column], token);
  if (constraint === null && name !== null) throw p.syntaxError();
  return constraint;
}

/** An expression with its text, for the catalog. */
export function keptExpression(p: Parser, minimum = 0): { expression: Expression; text: string } {
  const start = p.index;
  const expression = p.fixedExpression(minimum);
  return { expression, text: p.textBetween(start, p.index) };
}

function generated(p: Parser): ColumnConstraint {
  const token = p.ordinal;
  const always = p.accept('always');
  if (!always) p.expect('by', 'default');
  p.expect('as');
  if (p.accept('identity')) return { kind: 'identity', always, options: identityOptions(p) };
  if (!always) throw p.errorAt('syntax_error', 'for a generated column, GENERATED ALWAYS must be specified', token);
  p.expectSymbol('(');
  const kept = keptExpression(p);
  p.expectSymbol(')');
  p.expect('stored');
  return { kind: 'generated', ...kept };
}

/** [( sequence options )] */
export function identityOptions(p: Parser): ReturnType<typeof sequenceOptions>['options'] {
  if (!p.acceptSymbol('(')) return [];
  const { options } = sequenceOptions(p);
  p.expectSymbol(')');
  return options;
}

/** [CONSTRAINT name] PRIMARY KEY | UNIQUE | CHECK | FOREIGN KEY …; null when the next token opens none. */
export function tableConstraint(p: Parser): TableConstraint | null {
  const token = p.ordinal;
  const name = p.accept('constraint') ? p.identifier() : null;
  const constraint = constraintBody(p, name, null, token);
  if (constraint === null && name !== null) throw p.syntaxError();
  return constraint;
}

/** `column` is the column that the constraint stands behind; null for a table's constraint, which lists its columns. */
function constraintBody(
  p: Parser,
  name: string | null,
  column: readonly string[] | null,
  token: number,
): TableConstraint | null {
  if (p.at('primary') || p.at('unique')) return keyConstraint(p, name, column, token);
  if (p.accept('check')) return checkConstraint(p, name, token);
  if (column !== null && p.at('references')) return foreignKey(p, name, column, token);
  if (column === null && p.accept('foreign', 'key'))
    return foreignKey(
      p,
      name,
      p.parenthesised(() => p.identifier()),
      token,
    );
  if (p.at('exclude')) throw p.unsupported('EXCLUDE');
  return null;
}

function keyConstraint(
  p: Parser,
  name: string | null,
  column: readonly string[] | null,
  token: number,
): TableConstraint {
  const isPrimary = p.accept('primary', 'key');
  if (!isPrimary) p.expect('unique');
  if (p.at('nulls')) {
    if (p.at('nulls', 'not')) throw p.unsupported('NULLS NOT DISTINCT');
    p.expect('nulls', 'distinct');
  }
  if (p.at('using', 'index') && p.peek(2).keyword !== 'tablespace') throw p.unsupported('USING INDEX');
  const columns = column ?? p.parenthesised(() => p.identifier());
  if (p.at('include')) throw p.unsupported('INCLUDE in a constraint');
  if (p.at('with') || p.at('using')) throw p.unsupported(`${p.token.text.toUpperCase()} in a constraint`);
  if (p.at('deferrable') || p.at('initially', 'deferred')) throw p.unsupported('a deferrable unique constraint');
  if (!p.accept('not', 'deferrable')) p.accept('initially', 'immediate');
  return { kind: isPrimary ? 'primary-key' : 'unique', name, columns, token };
}

function checkConstraint(p: Parser, name: string | null, token: number): TableConstraint {
  p.expectSymbol('(');
  const kept = keptExpression(p);
  p.expectSymbol(')');
  if (p.at('no', 'inherit')) throw p.unsupported('NO INHERIT');
  return { kind: 'check', name, ...kept, token };
}

function foreignKey(p: Parser, name: string | null, columns: readonly string[], token: number): ForeignKey {
  p.expect('references');
  const references = p.objectPath();
  const referencedColumns = p.atSymbol('(') ? p.parenthesised(() => p.identifier()) : [];
  const match = foreignKeyMatch(p);
  let onDelete: ReferentialAction = 'no-action';
  let onUpdate: ReferentialAction = 'no-action';
  while (p.accept('on')) {
    if (p.accept('delete')) onDelete = referentialAction(p);
    else {
      p.expect('update');
      onUpdate = referentialAction(p);
    }
  }
  const key = { name, columns, references, referencedColumns, match, onDelete, onUpdate, token } as const;
  return { kind: 'foreign-key', ...key, ...deferral(p) };
}

function foreignKeyMatch(p: Parser): ForeignKey['match'] {
  if (!p.accept('match')) return 'simple';
  if (p.at('partial')) throw p.errorAt('feature_not_supported', 'MATCH PARTIAL not yet implemented', p.ordinal);
  const match = p.acceptAny('full', 'simple');
  if (match === null) throw p.syntaxError();
  return match;
}

function referentialAction(p: Parser): ReferentialAction {
  if (p.accept('cascade')) return 'cascade';
  if (p.accept('restrict')) return 'restrict';
  if (p.accept('no', 'action')) return 'no-action';
  p.expect('set');
  const action = p.accept('null') ? 'set-null' : p.accept('default') ? 'set-default' : null;
  if (action === null) throw p.syntaxError();
  if (p.atSymbol('(')) throw p.unsupported('a column list of a referential action');
  return action;
}

/** [NOT] DEFERRABLE and INITIALLY DEFERRED | IMMEDIATE in any order; the latter implies the former. */
function deferral(p: Parser): Pick<ForeignKey, 'deferrable' | 'initiallyDeferred'> {
  let deferrable: boolean | null = null;
  let initiallyDeferred = false;
  for (;;) {
    if (p.accept('deferrable')) deferrable = true;
    else if (p.accept('not', 'deferrable')) deferrable = false;
    else if (p.accept('initially', 'deferred')) initiallyDeferred = true;
    else if (!p.accept('initially', 'immediate')) break;
  }
  if (initiallyDeferred && deferrable === false)
    throw p.errorAt('syntax_error', 'constraint declared INITIALLY DEFERRED must be DEFERRABLE', p.ordinal - 1);
  return { deferrable: deferrable ?? initiallyDeferred, initiallyDeferred };
}
