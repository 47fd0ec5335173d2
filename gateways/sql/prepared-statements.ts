import type { Expression } from '#schemas/program/expression.js';
import type { SelectItem } from '#schemas/program/query.js';
import type { Statement } from '#schemas/program/statement.js';
import type { StatementParser } from './dialect.js';
import type { LocalStatement } from './local-statement.js';
import type { Parser } from './parser.js';
import { plainQuery, plainSelect } from './plain-query.js';
import { TOKEN } from './scanner.js';

/** PREPARE, EXECUTE, DEALLOCATE by their first keyword. */
export const PREPARED_STATEMENTS: ReadonlyMap<string, StatementParser> = new Map<string, StatementParser>([
  ['prepare', parsePrepare],
  ['execute', parseExecute],
  ['deallocate', parseDeallocate],
]);

const PREPARABLE = ['select', 'insert', 'update', 'delete', 'values', 'table', 'with'];

function parsePrepare(p: Parser): LocalStatement {
  p.expect('prepare');
  const token = p.ordinal;
  const name = p.identifier();
  const types = p.atSymbol('(') ? p.parenthesised(() => p.dialect.grammar.typeName(p)) : [];
  p.expect('as');
  if (p.at('merge')) throw p.unsupported('MERGE');
  const rule = p.atAny(...PREPARABLE)
    ? p.dialect.grammar.statements.get(p.token.keyword)
    : p.atSymbol('(')
      ? p.dialect.grammar.statements.get('select')
      : undefined;
  if (rule === undefined) throw p.syntaxError();
  const start = p.index;
  const statement = p.withoutLifting(() => rule(p));
  if (statement.kind === 'prepare' || statement.kind === 'execute' || statement.kind === 'deallocate')
    throw p.syntaxError();
  return {
    kind: 'prepare',
    name,
    types,
    statement,
    parameterCount: Math.max(types.length, highestParameter(p, start)),
    token,
  };
}

function highestParameter(p: Parser, start: number): number {
  let highest = 0;
  for (let i = start; i < p.index; i++) {
    const token = p.tokens[i];
    if (token?.kind === TOKEN.parameter) highest = Math.max(highest, Number(token.text.slice(1)));
  }
  return highest;
}

function parseExecute(p: Parser): LocalStatement {
  p.expect('execute');
  const token = p.ordinal;
  const name = p.identifier();
  const args = p.atSymbol('(') ? p.withoutLifting(() => p.parenthesised(() => p.dialect.grammar.expression(p))) : [];
  const literals = args.flatMap((argument) =>
    argument.kind === 'constant' ? [{ type: argument.type, value: argument.value }] : [],
  );
  const isPlain = literals.length === args.length;
  return {
    kind: 'execute',
    name,
    literals: isPlain ? literals : null,
    arguments: args,
    query: isPlain ? null : evaluation(args),
    token,
  };
}

/** SELECT of the arguments: the engine evaluates them. */
function evaluation(args: readonly Expression[]): Statement {
  const items: SelectItem[] = args.map((expression) => ({ kind: 'expression', expression, alias: null }));
  return { kind: 'query', query: plainQuery(plainSelect(items, [], args[0]?.token ?? 0)) };
}

function parseDeallocate(p: Parser): LocalStatement {
  p.expect('deallocate');
  p.accept('prepare');
  const token = p.ordinal;
  return { kind: 'deallocate', name: p.accept('all') ? null : p.identifier(), token };
}
