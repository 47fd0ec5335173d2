import type { AlterTable, AlterTableAction, Statement } from '#schemas/program/statement.js';
import { columnDefinition, identityOptions, keptExpression, tableConstraint } from './column-definition.js';
import type { Parser } from './parser.js';

/** ALTER TABLE, INDEX or VIEW; ALTER and the object have been read. */
export function alterTable(p: Parser, object: AlterTable['object']): Statement {
  const ifExists = p.accept('if', 'exists');
  p.accept('only');
  const path = p.objectPath();
  p.acceptOperator('*');
  return { kind: 'alter-table', object, path, ifExists, actions: alterActions(p, object) };
}

/** What follows the name in ALTER TABLE and its kin. */
export function alterActions(p: Parser, object: AlterTable['object']): AlterTableAction[] {
  const whole = wholeAction(p);
  if (whole !== null) return [whole];
  if (object !== 'table' && !p.at('owner')) throw p.unsupported(`this form of ALTER ${object.toUpperCase()}`);
  return p.commaList(() => alterAction(p));
}

/** Actions that stand alone: RENAME and SET SCHEMA. */
function wholeAction(p: Parser): AlterTableAction | null {
  const token = p.ordinal;
  if (p.accept('set', 'schema')) return { kind: 'set-schema', schema: p.identifier(), token };
  if (!p.accept('rename')) return null;
  if (p.accept('to')) return { kind: 'rename-table', to: p.identifier(), token };
  if (p.accept('constraint')) return { kind: 'rename-constraint', ...renaming(p), token };
  p.accept('column');
  return { kind: 'rename-column', ...renaming(p), token };
}

function renaming(p: Parser): { name: string; to: string } {
  const name = p.identifier();
  p.expect('to');
  return { name, to: p.identifier() };
}

function alterAction(p: Parser): AlterTableAction {
  const token = p.ordinal;
  if (p.accept('add')) return addAction(p);
  if (p.accept('drop')) return dropAction(p);
  if (p.accept('alter')) {
    if (p.at('constraint')) throw p.unsupported('ALTER CONSTRAINT');
    p.accept('column');
    return alterColumn(p);
  }
  if (p.accept('owner', 'to')) return { kind: 'owner', user: p.label(), token };
  if (p.atAny(...REFUSED_ACTIONS)) throw p.unsupported(`ALTER TABLE … ${p.token.text.toUpperCase()}`);
  throw p.syntaxError();
}

const REFUSED_ACTIONS = [
  'validate',
  'enable',
  'disable',
  'force',
  'no',
  'cluster',
  'set',
  'reset',
  'inherit',
  'replica',
  'attach',
  'detach',
  'of',
  'not',
  'options',
];

function addAction(p: Parser): AlterTableAction {
  const constraint = tableConstraint(p);
  if (constraint !== null) return { kind: 'add-constraint', constraint, notValid: p.accept('not', 'valid') };
  p.accept('column');
  const ifNotExists = p.accept('if', 'not', 'exists');
  return { kind: 'add-column', column: columnDefinition(p), ifNotExists };
}

function dropAction(p: Parser): AlterTableAction {
  const isConstraint = p.accept('constraint');
  if (!isConstraint) p.accept('column');
  const ifExists = p.accept('if', 'exists');
  const token = p.ordinal;
  const name = p.identifier();
  const cascade = p.accept('cascade');
  if (!cascade) p.accept('restrict');
  return { kind: isConstraint ? 'drop-constraint' : 'drop-column', name, ifExists, cascade, token };
}

function alterColumn(p: Parser): AlterTableAction {
  const token = p.ordinal;
  const column = p.identifier();
  if (p.accept('set', 'default')) return { kind: 'set-default', column, ...keptExpression(p), token };
  if (p.accept('drop', 'default')) return { kind: 'drop-default', column, token };
  if (p.accept('set', 'not', 'null')) return { kind: 'set-not-null', column, token };
  if (p.accept('drop', 'not', 'null')) return { kind: 'drop-not-null', column, token };
  if (p.accept('drop', 'identity')) return { kind: 'drop-identity', column, ifExists: p.accept('if', 'exists'), token };
  if (p.accept('add', 'generated')) return addIdentity(p, column, token);
  if (p.accept('type') || p.accept('set', 'data', 'type')) {
    const type = p.dialect.grammar.typeName(p);
    if (p.at('collate')) throw p.unsupported('COLLATE in ALTER COLUMN');
    return { kind: 'set-type', column, type, using: p.accept('using') ? p.fixedExpression() : null, token };
  }
  if (p.atAny('set', 'reset', 'restart', 'drop')) throw p.unsupported('this form of ALTER COLUMN');
  throw p.syntaxError();
}

function addIdentity(p: Parser, column: string, token: number): AlterTableAction {
  const always = p.accept('always');
  if (!always) p.expect('by', 'default');
  p.expect('as', 'identity');
  return { kind: 'add-identity', column, always, options: identityOptions(p), token };
}
