import type { TypeName } from '#schemas/program/expression.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import { type TextContext, textParser, textPrinter } from '#schemas/values/text-form.js';
import type { SqlType } from '#schemas/values/type.js';
import { arrayOf, sameKind, TYPES, typeByName } from '#schemas/values/type-name.js';
import type { Value } from '#schemas/values/value.js';
import { ArgumentsRequest } from './arguments-request.js';
import type { StatementText } from './execute-request.js';
import { writeCommandComplete } from './messages/command-complete.js';
import { type ClientStatement, undeclared } from './prepared.js';
import type { Session } from './session.js';
import type { LocalShape } from './statement-source.js';

/** Who asked for a local statement: a simple query, or a portal of the extended protocol. */
export interface LocalCaller {
  /** The statement has been answered after all; not called when `runLocal` answers true. */
  advance(): void;
  /** The error has been reported. */
  end(): void;
  /** Runs a prepared statement in the statement's place. May throw SqlError. */
  execute(statement: ClientStatement, text: StatementText, values: readonly Value[]): void;
}

interface TypedValue {
  readonly type: SqlType;
  readonly value: Value;
}

/**
 * PREPARE, EXECUTE and DEALLOCATE. Answers true when the statement has been answered on the spot, false when `caller` hears of it. Throws what is refused
 * on the spot.
 */
export function runLocal(session: Session, text: StatementText, local: LocalShape, caller: LocalCaller): boolean {
  switch (local.kind) {
    case 'deallocate':
      session.extended.deallocate(local.name);
      writeCommandComplete(session.out, local.name === null ? 'DEALLOCATE ALL' : 'DEALLOCATE', -1);
      return true;
    case 'prepare':
      return prepare(session, text, local, caller);
    case 'execute':
      return execute(session, text, local, caller);
  }
}

type Local<K> = Extract<LocalShape, { kind: K }>;

function prepare(session: Session, text: StatementText, local: Local<'prepare'>, caller: LocalCaller): boolean {
  let now = true;
  const types = local.types.map(typeOf);
  session.extended.prepareNamed(
    local.name,
    { sql: text.sql, shape: local.prepared, types },
    {
      done: () => {
        writeCommandComplete(session.out, 'PREPARE', -1);
        if (!now) caller.advance();
      },
      failed: () => caller.end(),
    },
  );
  now = false;
  return session.idle;
}

/** The type that a name means, without modifiers: EXECUTE's arguments are fitted where the statement uses them. */
function typeOf(name: TypeName): SqlType | null {
  const last = name.name.at(-1) ?? '';
  const base = typeByName(last);
  if (base === null) throw new SqlError('undefined_object', `type "${last}" does not exist`, { token: name.token });
  let type: SqlType = base;
  for (let i = 0; i < name.arrayDimensions; i++) type = arrayOf(type);
  return type.kind === 'unknown' ? null : type;
}

function execute(session: Session, text: StatementText, local: Local<'execute'>, caller: LocalCaller): boolean {
  const statement = session.extended.statement(local.name);
  const prepared = statement.text;
  if (prepared === null)
    throw new SqlError('invalid_sql_statement_name', `prepared statement "${local.name}" is empty`);
  const run = (values: readonly TypedValue[]): void =>
    caller.execute(statement, prepared, fit(local.name, statement, values, session.format.context));
  if (local.literals !== null) {
    run(local.literals);
  } else if (local.query !== null) {
    new ArgumentsRequest(session, undeclared(text.sql, local.query), run, () => caller.end()).start();
  } else {
    run([]);
  }
  return false;
}

/** Arguments in the form of the statement's parameters. */
function fit(name: string, statement: ClientStatement, values: readonly TypedValue[], context: TextContext): Value[] {
  const types = statement.bound?.parameters ?? [];
  if (types.length !== values.length) {
    throw new SqlError('syntax_error', `wrong number of parameters for prepared statement "${name}"`, {
      detail: `Expected ${types.length} parameters but got ${values.length}.`,
    });
  }
  return values.map(({ type, value }, i) => {
    const wanted = types[i] ?? TYPES.text;
    if (value === null || sameKind(type, wanted)) return value;
    return textParser(wanted, context)(type.kind === 'unknown' ? String(value) : textPrinter(type, context)(value));
  });
}
