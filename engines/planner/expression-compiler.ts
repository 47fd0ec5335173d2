import type { ObjectId } from '#schemas/kernel/brand.js';
import type { Expression } from '#schemas/program/expression.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import { DEFAULT_TEXT_CONTEXT } from '#schemas/values/text-form.js';
import type { SqlType } from '#schemas/values/type.js';
import type { Row, Value } from '#schemas/values/value.js';
import type { Catalog, UserEntry } from '../catalog/entry.js';
import type { CompiledExpression, CompilerColumn, ExpressionCompiler } from '../catalog/expression-compiler.js';
import type { EvaluationContext } from '../functions/definition.js';
import type { Frame } from '../vm/interpret.js';
import { isVolatile } from '../vm/scalar.js';
import { bindContext } from './prepare.js';
import { bindRowExpression, rowEvaluator } from './table-rules.js';

const NOBODY: UserEntry = {
  id: 0 as ObjectId,
  name: '',
  superuser: true,
  login: false,
  createDatabase: false,
  createRole: false,
  verifier: null,
  connectionLimit: -1,
  validUntil: null,
  memberOf: [],
};

/** Expressions over one table's row need no catalog: names in them are columns and functions alone. */
const NO_CATALOG: Catalog = {
  version: 0,
  database: () => null,
  relation: () => null,
  relationById: () => null,
  schema: () => null,
  user: () => null,
  userById: () => null,
};

function unavailable(what: string): never {
  throw new SqlError('feature_not_supported', `${what} cannot be used in an index expression`);
}

/** What immutable expressions are evaluated with: no session, UTC. */
const NEUTRAL: EvaluationContext = {
  text: DEFAULT_TEXT_CONTEXT,
  transactionTime: 0n,
  statementTime: 0n,
  clockMicros: () => unavailable('the time'),
  user: '',
  sessionUser: '',
  database: '',
  searchPath: [],
  setting: () => null,
  setSetting: () => unavailable('set_config'),
  random: () => unavailable('random'),
  randomBytes: () => unavailable('random bytes'),
  sleep: () => unavailable('pg_sleep'),
  catalog: {
    nextval: () => unavailable('nextval'),
    currval: () => unavailable('currval'),
    setval: () => unavailable('setval'),
    lastval: () => unavailable('lastval'),
    takeFirstGiven: () => null,
    takeLasting: () => false,
    describe: (name) => unavailable(name),
  },
};

/** The binder and the compiler, for whoever keeps expressions in the catalog. */
export const EXPRESSION_COMPILER: ExpressionCompiler = {
  neutral: NEUTRAL,
  compile(
    expression: Expression,
    table: string,
    columns: readonly CompilerColumn[],
    target: SqlType | null,
  ): CompiledExpression {
    const context = bindContext([], {
      catalog: NO_CATALOG,
      database: 0 as ObjectId,
      user: NOBODY,
      searchPath: [],
      statistics: { estimateRows: () => 0 },
      tier: 'tx',
    });
    const shown = {
      name: table,
      schema: '',
      id: 0 as ObjectId,
      columns: columns.map((c) => ({ ...c, notNull: false, default: null, generated: null, identity: null })),
    };
    const bound = bindRowExpression(expression, shown, context, 'this expression');
    const scalar =
      target === null
        ? context.coercion.settle(bound)
        : context.coercion.assign(bound, target, table, expression.token);
    const evaluate = rowEvaluator(scalar);
    return {
      type: scalar.type,
      volatile: isVolatile(scalar),
      evaluate: (row: Row, evaluation: EvaluationContext): Value => evaluate(row, frameOf(evaluation)),
    };
  },
};

const frames = new WeakMap<EvaluationContext, Frame>();

function frameOf(evaluation: EvaluationContext): Frame {
  let frame = frames.get(evaluation);
  if (frame === undefined) {
    frame = { parameters: [], registers: [], evaluation };
    frames.set(evaluation, frame);
  }
  return frame;
}
