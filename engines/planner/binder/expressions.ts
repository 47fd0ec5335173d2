import { unreachable } from '#schemas/kernel/assert.js';
import type { Expression, OrderItem, Window } from '#schemas/program/expression.js';
import type { Query } from '#schemas/program/query.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { SqlType } from '#schemas/values/type.js';
import { arrayOf, printType, sameKind, TYPES } from '#schemas/values/type-name.js';
import type { Value } from '#schemas/values/value.js';
import type {
  AggregateFunction,
  OperatorDefinition,
  ScalarFunction,
  TableFunction,
  WindowFunction,
} from '../../functions/definition.js';
import type { CallScalar, ColumnId, Evaluate, Scalar } from '../../vm/scalar.js';
import type {
  BoundAggregate,
  BoundFrame,
  BoundFrameEnd,
  BoundSubquery,
  BoundWindow,
  Logical,
  SortKey,
} from '../logical.js';
import { type BindContext, bindTypeName, type CteScope } from './context.js';
import { groupingCall } from './grouping.js';
import { type Candidate, commonType, resolve } from './resolve.js';
import type { Scope } from './scope.js';

/** What an expression may contain where it stands, and where its parts that need operators of their own are gathered. */
export interface Place {
  readonly scope: Scope;
  readonly ctes: CteScope | null;
  /** 'WHERE', 'JOIN conditions', …: for messages. */
  readonly name: string;
  /** Null = not allowed here. */
  readonly aggregates: BoundAggregate[] | null;
  readonly windows: BoundWindow[] | null;
  readonly windowDefinitions: ReadonlyMap<string, Window> | null;
  readonly subqueries: BoundSubquery[] | null;
  readonly sets: Array<{
    readonly id: ColumnId;
    readonly function: TableFunction;
    readonly arguments: readonly Scalar[];
  }> | null;
}

/** A query bound inside an expression. */
export type BindQuery = (
  query: Query,
  outer: Scope,
  ctes: CteScope | null,
) => {
  readonly plan: Logical;
  readonly columns: ReadonlyArray<{ readonly name: string; readonly type: SqlType; readonly id: ColumnId }>;
};

const COMPARISONS: ReadonlySet<string> = new Set(['=', '<>', '!=', '<', '<=', '>', '>=']);

/** Binds expressions: names to columns, operators and functions to definitions, and a type to everything. */
export class ExpressionBinder {
  readonly #context: BindContext;
  readonly #bindQuery: BindQuery;

  constructor(context: BindContext, bindQuery: BindQuery) {
    this.#context = context;
    this.#bindQuery = bindQuery;
  }

  /** A condition: boolean or 42804. */
  condition(expression: Expression, place: Place): Scalar {
    return this.#context.coercion.require(
      this.bind(expression, place),
      TYPES.boolean,
      `argument of ${place.name}`,
      tokenOf(expression),
    );
  }

  bind(e: Expression, place: Place): Scalar {
    const { coercion } = this.#context;
    switch (e.kind) {
      case 'constant':
        return { kind: 'constant', type: e.type, value: e.value };
      case 'parameter':
        return { kind: 'parameter', type: this.#context.parameters.typeOf(e.index), index: e.index };
      case 'column':
        return this.#column(e.path, place, e.token);
      case 'operator':
        return this.#operator(e.symbol, e.operands, place, e.token);
      case 'and':
      case 'or':
        return {
          kind: e.kind,
          type: TYPES.boolean,
          operands: e.operands.map((o) =>
            coercion.require(this.bind(o, place), TYPES.boolean, `argument of ${e.kind.toUpperCase()}`, tokenOf(o)),
          ),
        };
      case 'not':
        return {
          kind: 'not',
          type: TYPES.boolean,
          operand: coercion.require(this.bind(e.operand, place), TYPES.boolean, 'argument of NOT', tokenOf(e.operand)),
        };
      case 'is':
        return this.#is(e, place);
      case 'distinct-from':
        return this.#distinctFrom(e, place);
      case 'between':
        return this.#between(e, place);
      case 'in-list':
        return this.#inList(e, place);
      case 'like':
        return this.#like(e, place);
      case 'case':
        return this.#case(e, place);
      case 'cast':
        return this.#cast(e, place);
      case 'call':
        return this.#call(e, place);
      case 'exists':
        return this.#subquery('exists', e.query, place, e.token, TYPES.boolean, null, null, 'any');
      case 'scalar-subquery':
        return this.#subquery('scalar', e.query, place, e.token, null, null, null, 'any');
      case 'array-subquery':
        return this.#subquery('array', e.query, place, e.token, null, null, null, 'any');
      case 'quantified-subquery':
        return this.#quantified(e, place);
      case 'quantified-array':
        return this.#quantifiedArray(e, place);
      case 'array':
        return this.#array(e.elements, place, e.token);
      case 'row':
        throw new SqlError('feature_not_supported', 'row values are supported in comparisons only', { token: e.token });
      case 'subscript':
        return this.#subscript(e, place);
      case 'field':
        throw new SqlError('feature_not_supported', 'selecting a field of a composite value is not supported', {
          token: e.token,
        });
      case 'collate':
        return this.#collate(e, place);
      case 'default':
        throw new SqlError('syntax_error', 'DEFAULT is not allowed in this context', { token: e.token });
      default:
        return unreachable(e);
    }
  }

  #column(path: readonly string[], place: Place, token: number): Scalar {
    return place.scope.resolve(path, token);
  }

  // ── operators ──────────────────────────────────────────────────────────────────────────────────────────────────────

  #operator(symbol: string, operands: readonly Expression[], place: Place, token: number): Scalar {
    const [left, right] = operands as [Expression, Expression];
    if (operands.length === 2 && left.kind === 'row' && (right.kind === 'row' || COMPARISONS.has(symbol)))
      return this.#rowComparison(symbol, left, right, place, token);
    return this.applyOperator(
      symbol,
      operands.map((o) => this.bind(o, place)),
      token,
    );
  }

  /** An operator over bound operands. Throws 42883 and 42725 as PostgreSQL words them. */
  applyOperator(symbol: string, operands: readonly Scalar[], token: number): Scalar {
    const types = operands.map((o) => o.type);
    const candidates: Array<Candidate & { definition: OperatorDefinition }> = [];
    for (const definition of this.#context.library.operator(symbol)) {
      if ((definition.left === null) === (operands.length === 2)) continue;
      const patterns = definition.left === null ? [definition.right] : [definition.left, definition.right];
      candidates.push({ patterns, variadic: false, result: definition.result, definition });
    }
    const found = resolve(candidates, types, true);
    if (found === 'none' || found === 'ambiguous') {
      const shown =
        operands.length === 2
          ? `${printType(types[0] as SqlType)} ${symbol} ${printType(types[1] as SqlType)}`
          : `${symbol} ${printType(types[0] as SqlType)}`;
      if (found === 'ambiguous') {
        throw new SqlError('ambiguous_function', `operator is not unique: ${shown}`, {
          hint: 'Could not choose a best candidate operator. You might need to add explicit type casts.',
          token,
        });
      }
      throw new SqlError('undefined_function', `operator does not exist: ${shown}`, {
        hint: 'No operator matches the given name and argument types. You might need to add explicit type casts.',
        token,
      });
    }
    const { definition } = found.candidate;
    return this.#makeCall(symbol, true, definition, operands, found.types, found.result, token);
  }

  #makeCall(
    name: string,
    operator: boolean,
    definition: OperatorDefinition | ScalarFunction,
    operands: readonly Scalar[],
    types: readonly SqlType[],
    result: SqlType,
    token: number,
  ): Scalar {
    const args = operands.map((operand, i) =>
      this.#context.coercion.require(operand, types[i] as SqlType, `argument of ${name}`, token),
    );
    const evaluate = (
      definition.specialise === undefined ? definition.evaluate : definition.specialise(args.map((a) => a.type))
    ) as Evaluate;
    const call: CallScalar = {
      kind: 'call',
      type: result,
      name,
      operator,
      arguments: args,
      strict: definition.strict,
      volatility: definition.volatility,
      evaluate,
    };
    return call;
  }

  #rowComparison(
    symbol: string,
    left: Extract<Expression, { kind: 'row' }>,
    right: Expression,
    place: Place,
    token: number,
  ): Scalar {
    if (right.kind !== 'row')
      throw new SqlError('feature_not_supported', 'a row can be compared with a row only', { token });
    if (left.elements.length !== right.elements.length)
      throw new SqlError('syntax_error', 'unequal number of entries in row expressions', { token });
    const pairs = left.elements.map(
      (l, i) => [this.bind(l, place), this.bind(right.elements[i] as Expression, place)] as const,
    );
    const compare = (op: string, [a, b]: readonly [Scalar, Scalar]): Scalar => this.applyOperator(op, [a, b], token);
    if (symbol === '=') return { kind: 'and', type: TYPES.boolean, operands: pairs.map((p) => compare('=', p)) };
    if (symbol === '<>' || symbol === '!=')
      return { kind: 'or', type: TYPES.boolean, operands: pairs.map((p) => compare('<>', p)) };
    // (a, b) < (c, d)  =  a < c OR (a = c AND b < d)
    const strict = symbol.charAt(0);
    let result = compare(symbol, pairs.at(-1) as readonly [Scalar, Scalar]);
    for (const pair of pairs.slice(0, -1).reverse()) {
      const equalAndRest: Scalar = { kind: 'and', type: TYPES.boolean, operands: [compare('=', pair), result] };
      result = { kind: 'or', type: TYPES.boolean, operands: [compare(strict, pair), equalAndRest] };
    }
    return result;
  }

  #is(e: Extract<Expression, { kind: 'is' }>, place: Place): Scalar {
    if (e.operand.kind === 'row' && e.test === 'null') {
      const operands = e.operand.elements.map(
        (o): Scalar => ({ kind: 'is-null', type: TYPES.boolean, operand: this.bind(o, place), negated: e.negated }),
      );
      return { kind: 'and', type: TYPES.boolean, operands };
    }
    const operand = this.bind(e.operand, place);
    if (e.test === 'null')
      return {
        kind: 'is-null',
        type: TYPES.boolean,
        operand: this.#context.coercion.settle(operand),
        negated: e.negated,
      };
    const condition = this.#context.coercion.require(
      operand,
      TYPES.boolean,
      `argument of IS ${e.negated ? 'NOT ' : ''}${e.test.toUpperCase()}`,
      e.token,
    );
    if (e.test === 'unknown') return { kind: 'is-null', type: TYPES.boolean, operand: condition, negated: e.negated };
    return { kind: 'is-boolean', type: TYPES.boolean, operand: condition, test: e.test === 'true', negated: e.negated };
  }

  #distinctFrom(e: Extract<Expression, { kind: 'distinct-from' }>, place: Place): Scalar {
    const equal = this.applyOperator('=', [this.bind(e.left, place), this.bind(e.right, place)], e.token) as CallScalar;
    const { evaluate } = equal;
    const distinct: Evaluate = (a, b, context) =>
      a === null || b === null ? a !== b : evaluate(a, b, context) !== true;
    const same: Evaluate = (a, b, context) => (a === null || b === null ? a === b : evaluate(a, b, context) === true);
    return {
      ...equal,
      name: 'is distinct from',
      operator: false,
      strict: false,
      evaluate: e.negated ? same : distinct,
    };
  }

  #between(e: Extract<Expression, { kind: 'between' }>, place: Place): Scalar {
    const operand = this.bind(e.operand, place);
    const [low, high] = [this.bind(e.low, place), this.bind(e.high, place)];
    const within = (a: Scalar, b: Scalar): Scalar => ({
      kind: 'and',
      type: TYPES.boolean,
      operands: [this.applyOperator('>=', [operand, a], e.token), this.applyOperator('<=', [operand, b], e.token)],
    });
    const test: Scalar = e.symmetric
      ? { kind: 'or', type: TYPES.boolean, operands: [within(low, high), within(high, low)] }
      : within(low, high);
    return e.negated ? { kind: 'not', type: TYPES.boolean, operand: test } : test;
  }

  #inList(e: Extract<Expression, { kind: 'in-list' }>, place: Place): Scalar {
    if (e.operand.kind === 'row') {
      const row = e.operand;
      const tests = e.list.map((item) => this.#rowComparison('=', row, item, place, e.token));
      return this.#negate(e.negated, { kind: 'or', type: TYPES.boolean, operands: tests });
    }
    const operand = this.bind(e.operand, place);
    const items = e.list.map((item) => this.bind(item, place));
    const type = commonType([operand.type, ...items.map((i) => i.type)]);
    // One set look-up instead of a comparison an item, where all items are constants of one hashable type.
    const tests = items.map((item) =>
      this.applyOperator(
        '=',
        type === null ? [operand, item] : [operand, this.#context.coercion.to(item, type, 'implicit') ?? item],
        e.token,
      ),
    );
    const test: Scalar =
      tests.length === 1 ? (tests[0] as Scalar) : { kind: 'or', type: TYPES.boolean, operands: tests };
    return this.#negate(e.negated, this.#asSet(tests) ?? test);
  }

  /** An OR of `x = constant` over plain primitives as a look-up in a set. */
  #asSet(tests: readonly Scalar[]): Scalar | null {
    if (tests.length < 4) return null;
    const values = new Set<Value>();
    let hasNull = false;
    const operand = (tests[0] as CallScalar).arguments[0] as Scalar;
    const kinds = new Set(['integer', 'smallint', 'bigint', 'text', 'uuid', 'varchar']);
    for (const t of tests) {
      const [x, item] = (t as CallScalar).arguments as [Scalar, Scalar];
      if (item.kind !== 'constant' || !kinds.has(x.type.kind) || !sameKind(x.type, item.type)) return null;
      if (item.value === null) hasNull = true;
      else values.add(item.value);
    }
    const evaluate: Evaluate = (x) => (values.has(x as Value) ? true : hasNull ? null : false);
    return {
      kind: 'call',
      type: TYPES.boolean,
      name: 'in',
      operator: false,
      arguments: [operand],
      strict: true,
      volatility: 'immutable',
      evaluate,
    };
  }

  #negate(negated: boolean, test: Scalar): Scalar {
    return negated ? { kind: 'not', type: TYPES.boolean, operand: test } : test;
  }

  #like(e: Extract<Expression, { kind: 'like' }>, place: Place): Scalar {
    const operand = this.bind(e.operand, place);
    let pattern = this.bind(e.pattern, place);
    if (e.similar) {
      const escape: readonly Scalar[] = e.escape === null ? [] : [this.bind(e.escape, place)];
      pattern = this.applyFunction('similar_to_escape', [pattern, ...escape], e.token);
      return this.#negate(e.negated, this.applyOperator('~', [operand, pattern], e.token));
    }
    if (e.escape !== null) pattern = this.applyFunction('like_escape', [pattern, this.bind(e.escape, place)], e.token);
    const symbol = `${e.negated ? '!' : ''}~~${e.caseInsensitive ? '*' : ''}`;
    return this.applyOperator(symbol, [operand, pattern], e.token);
  }

  // ── conditional ────────────────────────────────────────────────────────────────────────────────────────────────────

  #case(e: Extract<Expression, { kind: 'case' }>, place: Place): Scalar {
    const operand = e.operand === null ? null : this.bind(e.operand, place);
    const whens = e.branches.map((b) =>
      operand === null
        ? this.#context.coercion.require(
            this.bind(b.when, place),
            TYPES.boolean,
            'argument of CASE/WHEN',
            tokenOf(b.when),
          )
        : this.applyOperator('=', [operand, this.bind(b.when, place)], tokenOf(b.when)),
    );
    const none: Scalar = { kind: 'constant', type: TYPES.unknown, value: null };
    const results = [
      ...e.branches.map((b) => this.bind(b.then, place)),
      e.otherwise === null ? none : this.bind(e.otherwise, place),
    ];
    const { type, scalars } = this.unify(results, 'CASE', e.token);
    return {
      kind: 'case',
      type,
      branches: whens.map((when, i) => ({ when, then: scalars[i] as Scalar })),
      otherwise: scalars.at(-1) as Scalar,
    };
  }

  /** Brings expressions to their common type. Throws 42804. */
  unify(
    scalars: readonly Scalar[],
    what: string,
    token: number,
  ): { readonly type: SqlType; readonly scalars: readonly Scalar[] } {
    const type = commonType(scalars.map((s) => s.type));
    if (type === null) {
      const kinds = scalars.map((s) => s.type).filter((t) => t.kind !== 'unknown');
      const other = kinds.find((t) => commonType([kinds[0] as SqlType, t]) === null) ?? (kinds.at(-1) as SqlType);
      throw new SqlError(
        'datatype_mismatch',
        `${what} types ${printType(kinds[0] as SqlType)} and ${printType(other)} cannot be matched`,
        { token },
      );
    }
    return { type, scalars: scalars.map((s) => this.#context.coercion.require(s, type, what, token)) };
  }

  #cast(e: Extract<Expression, { kind: 'cast' }>, place: Place): Scalar {
    const type = bindTypeName(e.type);
    // ARRAY[]::int[] gets its element type from the cast.
    if (e.operand.kind === 'array' && type.kind === 'array') {
      const elements = e.operand.elements.map((el) =>
        this.#context.coercion.explicit(this.bind(el, place), type.element, tokenOf(el)),
      );
      return { kind: 'array', type, elements };
    }
    return this.#context.coercion.explicit(this.bind(e.operand, place), type, e.token);
  }

  // ── calls ──────────────────────────────────────────────────────────────────────────────────────────────────────────

  #call(e: Extract<Expression, { kind: 'call' }>, place: Place): Scalar {
    const name = e.name.at(-1) as string;
    if (e.name.length > 1 && e.name[0] !== 'pg_catalog' && e.name[0] !== 'information_schema')
      throw this.#noFunction(
        e.name.join('.'),
        e.arguments.map((a) => this.bind(a, place)),
        e.token,
      );
    const special = this.#special(name, e, place);
    if (special !== null) return special;
    const { library } = this.#context;
    if (e.over !== null) return this.#window(name, e, place);
    if (library.aggregate(name).length > 0) return this.#aggregate(name, e, place);
    if (e.star || e.distinct || e.orderBy.length > 0 || e.filter !== null) {
      const what = e.star
        ? `${name}(*) specified, but ${name} is not an aggregate function`
        : `${e.distinct ? 'DISTINCT' : e.filter !== null ? 'FILTER' : 'ORDER BY'} specified, but ${name} is not an aggregate function`;
      throw new SqlError('wrong_object_type', what, { token: e.token });
    }
    if (library.window(name).length > 0)
      throw new SqlError('wrong_object_type', `window function ${name} requires an OVER clause`, { token: e.token });
    if (library.scalar(name).length === 0 && library.table(name).length > 0) return this.#setFunction(name, e, place);
    return this.applyFunction(
      name,
      e.arguments.map((a) => this.bind(a, place)),
      e.token,
    );
  }

  /** Functions whose arguments are not all evaluated, or whose type is not that of a signature. */
  #special(name: string, e: Extract<Expression, { kind: 'call' }>, place: Place): Scalar | null {
    const args = (): readonly Scalar[] => e.arguments.map((a) => this.bind(a, place));
    switch (name) {
      case 'coalesce': {
        const { type, scalars } = this.unify(args(), 'COALESCE', e.token);
        return scalars.length === 1 ? (scalars[0] as Scalar) : { kind: 'coalesce', type, operands: scalars };
      }
      case 'nullif': {
        const [a, b] = args() as [Scalar, Scalar];
        const equal = this.applyOperator('=', [a, b], e.token) as CallScalar;
        const first = equal.arguments[0] as Scalar;
        return {
          kind: 'case',
          type: first.type,
          branches: [{ when: equal, then: { kind: 'constant', type: first.type, value: null } }],
          otherwise: first,
        };
      }
      case 'greatest':
      case 'least': {
        const { type, scalars } = this.unify(args(), name.toUpperCase(), e.token);
        const pick = this.applyOperator(
          name === 'greatest' ? '>' : '<',
          [
            { kind: 'constant', type, value: null },
            { kind: 'constant', type, value: null },
          ],
          e.token,
        ) as CallScalar;
        const evaluate: Evaluate = (...values) => {
          const context = values.at(-1) as never;
          let best: Value = null;
          for (const v of values.slice(0, -1) as Value[])
            if (v !== null && (best === null || pick.evaluate(v, best, context) === true)) best = v;
          return best;
        };
        return {
          kind: 'call',
          type,
          name,
          operator: false,
          arguments: scalars,
          strict: false,
          volatility: 'immutable',
          evaluate,
        };
      }
      case 'grouping':
        if (place.aggregates === null)
          throw new SqlError('grouping_error', `grouping operations are not allowed in ${place.name}`, {
            token: e.token,
          });
        return groupingCall(args());
      default:
        return null;
    }
  }

  /** A scalar function over bound arguments. Throws 42883. */
  applyFunction(name: string, args: readonly Scalar[], token: number): Scalar {
    const candidates = this.#context.library
      .scalar(name)
      .map((definition) => ({
        patterns: definition.arguments,
        variadic: definition.variadic === true,
        result: definition.result,
        definition,
      }));
    const found = resolve(
      candidates,
      args.map((a) => a.type),
      false,
    );
    if (found === 'none') {
      // A type's name called with one argument is a cast: text(x), float8(x).
      if (args.length === 1) {
        const cast = this.#castCall(name, args[0] as Scalar, token);
        if (cast !== null) return cast;
      }
      throw this.#noFunction(name, args, token);
    }
    if (found === 'ambiguous') throw this.#ambiguous(name, args, token);
    return this.#makeCall(name, false, found.candidate.definition, args, found.types, found.result, token);
  }

  #castCall(name: string, argument: Scalar, token: number): Scalar | null {
    try {
      return this.#context.coercion.to(
        argument,
        bindTypeName({ name: [name], modifiers: [], arrayDimensions: 0, token }),
        'explicit',
      );
    } catch {
      return null;
    }
  }

  #noFunction(name: string, args: readonly Scalar[], token: number): SqlError {
    return new SqlError(
      'undefined_function',
      `function ${name}(${args.map((a) => printType(a.type)).join(', ')}) does not exist`,
      {
        hint: 'No function matches the given name and argument types. You might need to add explicit type casts.',
        token,
      },
    );
  }

  #ambiguous(name: string, args: readonly Scalar[], token: number): SqlError {
    return new SqlError(
      'ambiguous_function',
      `function ${name}(${args.map((a) => printType(a.type)).join(', ')}) is not unique`,
      {
        hint: 'Could not choose a best candidate function. You might need to add explicit type casts.',
        token,
      },
    );
  }

  #aggregateDefinition(
    name: string,
    args: readonly Scalar[],
    token: number,
  ): { definition: AggregateFunction; types: readonly SqlType[]; result: SqlType } {
    const candidates = this.#context.library
      .aggregate(name)
      .map((definition) => ({
        patterns: definition.arguments,
        variadic: definition.variadic === true,
        result: definition.result,
        definition,
      }));
    const found = resolve(
      candidates,
      args.map((a) => a.type),
      false,
    );
    if (found === 'none') throw this.#noFunction(name, args, token);
    if (found === 'ambiguous') throw this.#ambiguous(name, args, token);
    return { definition: found.candidate.definition, types: found.types, result: found.result };
  }

  #aggregate(name: string, e: Extract<Expression, { kind: 'call' }>, place: Place): Scalar {
    if (place.aggregates === null)
      throw new SqlError('grouping_error', `aggregate functions are not allowed in ${place.name}`, { token: e.token });
    const inner: Place = { ...place, name: 'aggregate function calls', aggregates: null, windows: null, sets: null };
    const bound = e.star ? [] : e.arguments.map((a) => this.#insideAggregate(a, inner, e.token));
    const { definition, types, result } = this.#aggregateDefinition(name, bound, e.token);
    const aggregate: BoundAggregate = {
      id: this.#context.newId(),
      function: definition,
      arguments: bound.map((a, i) =>
        this.#context.coercion.require(a, types[i] as SqlType, `argument of ${name}`, e.token),
      ),
      distinct: e.distinct,
      orderBy: e.orderBy.map((o) => this.sortKey(o, inner)),
      filter: e.filter === null ? null : this.condition(e.filter, { ...inner, name: 'FILTER' }),
      type: result,
    };
    place.aggregates.push(aggregate);
    return { kind: 'column', type: result, id: aggregate.id, name };
  }

  #insideAggregate(argument: Expression, inner: Place, token: number): Scalar {
    try {
      return this.bind(argument, inner);
    } catch (error) {
      if (
        error instanceof SqlError &&
        error.condition === 'grouping_error' &&
        error.message.includes('not allowed in aggregate')
      ) {
        throw new SqlError('grouping_error', 'aggregate function calls cannot be nested', { token });
      }
      throw error;
    }
  }

  #window(name: string, e: Extract<Expression, { kind: 'call' }>, place: Place): Scalar {
    if (place.windows === null)
      throw new SqlError('windowing_error', `window functions are not allowed in ${place.name}`, { token: e.token });
    if (e.distinct)
      throw new SqlError('feature_not_supported', 'DISTINCT is not implemented for window functions', {
        token: e.token,
      });
    const inner: Place = { ...place, windows: null, name: 'window functions' };
    const over = this.#windowDefinition(e.over as Window, place, e.token);
    const args = e.star ? [] : e.arguments.map((a) => this.bind(a, inner));
    const windows = this.#context.library
      .window(name)
      .map((definition) => ({
        patterns: definition.arguments,
        variadic: false,
        result: definition.result,
        definition,
      }));
    const found =
      windows.length === 0
        ? 'none'
        : resolve(
            windows,
            args.map((a) => a.type),
            false,
          );
    let types: readonly SqlType[];
    let result: SqlType;
    let chosen: BoundWindow['function'];
    if (typeof found === 'object') {
      ({ types, result } = found);
      chosen = { kind: 'window', definition: found.candidate.definition satisfies WindowFunction };
    } else {
      if (this.#context.library.aggregate(name).length === 0) {
        if (windows.length > 0 || this.#context.library.scalar(name).length === 0)
          throw this.#noFunction(name, args, e.token);
        throw new SqlError(
          'wrong_object_type',
          `OVER specified, but ${name} is not a window function nor an aggregate function`,
          { token: e.token },
        );
      }
      const aggregate = this.#aggregateDefinition(name, args, e.token);
      ({ types, result } = aggregate);
      chosen = { kind: 'aggregate', definition: aggregate.definition };
    }
    const window: BoundWindow = {
      id: this.#context.newId(),
      function: chosen,
      arguments: args.map((a, i) =>
        this.#context.coercion.require(a, types[i] as SqlType, `argument of ${name}`, e.token),
      ),
      filter: e.filter === null ? null : this.condition(e.filter, { ...inner, name: 'FILTER' }),
      partitionBy: over.partitionBy.map((p) => this.#context.coercion.settle(this.bind(p, inner))),
      orderBy: over.orderBy.map((o) => this.sortKey(o, inner)),
      frame: this.#frame(over, inner),
    };
    place.windows.push(window);
    return { kind: 'column', type: result, id: window.id, name };
  }

  #windowDefinition(window: Window, place: Place, token: number): Window {
    if (window.name === null) return window;
    const base = place.windowDefinitions?.get(window.name);
    if (base === undefined) throw new SqlError('undefined_object', `window "${window.name}" does not exist`, { token });
    const resolved = this.#windowDefinition(base, place, token);
    return {
      name: null,
      partitionBy: window.partitionBy.length > 0 ? window.partitionBy : resolved.partitionBy,
      orderBy: window.orderBy.length > 0 ? window.orderBy : resolved.orderBy,
      frame: window.frame ?? resolved.frame,
    };
  }

  #frame(window: Window, place: Place): BoundFrame {
    const { frame } = window;
    if (frame === null) return { mode: 'range', start: { kind: 'unbounded-preceding' }, end: { kind: 'current-row' } };
    const bound = (b: typeof frame.start): BoundFrameEnd => {
      if (!('offset' in b)) return b;
      if (frame.mode === 'range')
        throw new SqlError('feature_not_supported', 'RANGE with an offset is not supported', {
          token: tokenOf(b.offset),
        });
      return {
        kind: b.kind,
        offset: this.#context.coercion.require(
          this.bind(b.offset, place),
          TYPES.bigint,
          'frame offset',
          tokenOf(b.offset),
        ),
      };
    };
    return { mode: frame.mode, start: bound(frame.start), end: bound(frame.end) };
  }

  #setFunction(name: string, e: Extract<Expression, { kind: 'call' }>, place: Place): Scalar {
    if (place.sets === null)
      throw new SqlError('feature_not_supported', `set-returning functions are not allowed in ${place.name}`, {
        token: e.token,
      });
    const { definition, args } = this.tableFunction(
      name,
      e.arguments.map((a) => this.bind(a, { ...place, sets: null })),
      e.token,
    );
    const columns = definition.columns(args.map((a) => a.type));
    if (columns.length !== 1)
      throw new SqlError('feature_not_supported', `${name} answers rows: use it in FROM`, { token: e.token });
    const id = this.#context.newId();
    place.sets.push({ id, function: definition, arguments: args });
    return { kind: 'column', type: (columns[0] as { type: SqlType }).type, id, name };
  }

  /** A set-returning function over bound arguments. */
  tableFunction(
    name: string,
    args: readonly Scalar[],
    token: number,
  ): { definition: TableFunction; args: readonly Scalar[] } {
    const candidates = this.#context.library
      .table(name)
      .map((definition) => ({
        patterns: definition.arguments,
        variadic: definition.variadic === true,
        result: 'record' as const,
        definition,
      }));
    const found = resolve(
      candidates,
      args.map((a) => a.type),
      false,
    );
    if (found === 'none') throw this.#noFunction(name, args, token);
    if (found === 'ambiguous') throw this.#ambiguous(name, args, token);
    return {
      definition: found.candidate.definition,
      args: args.map((a, i) =>
        this.#context.coercion.require(a, found.types[i] as SqlType, `argument of ${name}`, token),
      ),
    };
  }

  sortKey(item: OrderItem, place: Place): SortKey {
    return {
      scalar: this.#context.coercion.settle(this.bind(item.expression, place)),
      descending: item.descending,
      nullsFirst: item.nullsFirst ?? item.descending,
    };
  }

  // ── subqueries and arrays ──────────────────────────────────────────────────────────────────────────────────────────

  #subquery(
    form: BoundSubquery['form'],
    query: Query,
    place: Place,
    token: number,
    type: SqlType | null,
    compare: ((ids: readonly Scalar[]) => Scalar) | null,
    operands: readonly Scalar[] | null,
    quantifier: 'any' | 'all',
  ): Scalar {
    if (place.subqueries === null)
      throw new SqlError('feature_not_supported', `cannot use subquery in ${place.name}`, { token });
    const { plan, columns } = this.#bindQuery(query, place.scope, place.ctes);
    if ((form === 'scalar' || form === 'array') && columns.length !== 1)
      throw new SqlError('syntax_error', 'subquery must return only one column', { token });
    const first = columns[0]?.type ?? TYPES.text;
    const result = type ?? (form === 'array' ? arrayOf(first) : first);
    const ids = columns.map((c) => c.id);
    if (operands !== null && operands.length !== columns.length)
      throw new SqlError(
        'syntax_error',
        `subquery has too ${operands.length > columns.length ? 'few' : 'many'} columns`,
        { token },
      );
    const outputs = columns.map((c): Scalar => ({ kind: 'column', type: c.type, id: c.id, name: c.name }));
    const subquery: BoundSubquery = {
      id: this.#context.newId(),
      form,
      plan,
      ids,
      compare: compare === null ? null : compare(outputs),
      quantifier,
      operands,
      type: result,
    };
    place.subqueries.push(subquery);
    return { kind: 'column', type: result, id: subquery.id, name: columns[0]?.name ?? '?column?' };
  }

  /** A subquery of one row, as its columns: UPDATE … SET (a, b) = (SELECT …). */
  rowSubquery(query: Query, place: Place, count: number, token: number): Scalar[] {
    if (place.subqueries === null)
      throw new SqlError('feature_not_supported', `cannot use subquery in ${place.name}`, { token });
    const { plan, columns } = this.#bindQuery(query, place.scope, place.ctes);
    if (columns.length !== count)
      throw new SqlError('syntax_error', 'number of columns does not match number of values', { token });
    const id = this.#context.newId();
    const type: SqlType = TYPES.record;
    place.subqueries.push({
      id,
      form: 'row',
      plan,
      ids: columns.map((c) => c.id),
      compare: null,
      quantifier: 'any',
      operands: null,
      type,
    });
    const row: Scalar = { kind: 'column', type, id, name: 'row' };
    return columns.map((c, i): Scalar => {
      const evaluate: Evaluate = (values) => (values as readonly Value[])[i] ?? null;
      return {
        kind: 'call',
        type: c.type,
        name: `field ${i + 1}`,
        operator: false,
        arguments: [row],
        strict: true,
        volatility: 'immutable',
        evaluate,
      };
    });
  }

  #quantified(e: Extract<Expression, { kind: 'quantified-subquery' }>, place: Place): Scalar {
    const operands = (e.operand.kind === 'row' ? e.operand.elements : [e.operand]).map((o) => this.bind(o, place));
    const compare = (outputs: readonly Scalar[]): Scalar => {
      if (operands.length !== outputs.length)
        throw new SqlError(
          'syntax_error',
          `subquery has too ${operands.length > outputs.length ? 'few' : 'many'} columns`,
          { token: e.token },
        );
      const tests = operands.map((o, i) => this.applyOperator(e.symbol, [o, outputs[i] as Scalar], e.token));
      if (tests.length === 1) return tests[0] as Scalar;
      if (e.symbol !== '=' && e.symbol !== '<>')
        throw new SqlError('feature_not_supported', 'row comparison with a subquery is supported for = and <> only', {
          token: e.token,
        });
      return { kind: e.symbol === '=' ? 'and' : 'or', type: TYPES.boolean, operands: tests };
    };
    return this.#subquery(
      'quantified',
      e.query,
      place,
      e.token,
      TYPES.boolean,
      compare,
      e.symbol === '=' && e.quantifier === 'any' ? operands : null,
      e.quantifier,
    );
  }

  #quantifiedArray(e: Extract<Expression, { kind: 'quantified-array' }>, place: Place): Scalar {
    const operand = this.bind(e.operand, place);
    let array = this.bind(e.array, place);
    if (array.type.kind === 'unknown')
      array =
        this.#context.coercion.to(
          array,
          arrayOf(operand.type.kind === 'unknown' ? TYPES.text : operand.type),
          'implicit',
        ) ?? array;
    if (array.type.kind !== 'array')
      throw new SqlError('wrong_object_type', `op ${e.quantifier.toUpperCase()} (array) requires array on right side`, {
        token: e.token,
      });
    const element: Scalar = { kind: 'constant', type: array.type.element, value: null };
    const test = this.applyOperator(e.symbol, [operand, element], e.token) as CallScalar;
    const [left, right] = test.arguments as [Scalar, Scalar];
    const items = this.#context.coercion.require(array, arrayOf(right.type), 'array', e.token);
    const any = e.quantifier === 'any';
    const { evaluate: compare, strict } = test;
    const evaluate: Evaluate = (value, list, context) => {
      if (list === null) return null;
      let unknown = false;
      for (const item of list as readonly Value[]) {
        const verdict =
          strict && (value === null || item === null) ? null : compare(value as Value, item, context as never);
        if (verdict === any) return any;
        if (verdict === null) unknown = true;
      }
      return unknown ? null : !any;
    };
    return {
      kind: 'call',
      type: TYPES.boolean,
      name: `${e.symbol} ${e.quantifier}`,
      operator: false,
      arguments: [left, items],
      strict: false,
      volatility: test.volatility,
      evaluate,
    };
  }

  #array(elements: readonly Expression[], place: Place, token: number): Scalar {
    if (elements.length === 0) {
      throw new SqlError('indeterminate_datatype', 'cannot determine type of empty array', {
        hint: 'Explicitly cast to the desired type, for example ARRAY[]::integer[].',
        token,
      });
    }
    const { type, scalars } = this.unify(
      elements.map((el) => this.bind(el, place)),
      'ARRAY',
      token,
    );
    return { kind: 'array', type: arrayOf(type.kind === 'array' ? type.element : type), elements: scalars };
  }

  #subscript(e: Extract<Expression, { kind: 'subscript' }>, place: Place): Scalar {
    const operand = this.bind(e.operand, place);
    if (operand.type.kind === 'jsonb' && e.upper === null)
      return this.applyOperator('->', [operand, this.bind(e.index, place)], e.token);
    if (operand.type.kind !== 'array')
      throw new SqlError(
        'datatype_mismatch',
        `cannot subscript type ${printType(operand.type)} because it does not support subscripting`,
        { token: e.token },
      );
    const integer = (x: Expression): Scalar =>
      this.#context.coercion.require(this.bind(x, place), TYPES.integer, 'array subscript', tokenOf(x));
    if (e.upper !== null) {
      const slice: Evaluate = (list, low, high) =>
        (list as readonly Value[]).slice(Math.max((low as number) - 1, 0), high as number);
      return {
        kind: 'call',
        type: operand.type,
        name: 'slice',
        operator: false,
        arguments: [operand, integer(e.index), integer(e.upper)],
        strict: true,
        volatility: 'immutable',
        evaluate: slice,
      };
    }
    const at: Evaluate = (list, index) => (list as readonly Value[])[(index as number) - 1] ?? null;
    return {
      kind: 'call',
      type: operand.type.element,
      name: 'array_at',
      operator: false,
      arguments: [operand, integer(e.index)],
      strict: true,
      volatility: 'immutable',
      evaluate: at,
    };
  }

  #collate(e: Extract<Expression, { kind: 'collate' }>, place: Place): Scalar {
    const name = e.collation.at(-1);
    if (name !== 'C' && name !== 'POSIX' && name !== 'default' && name !== 'ucs_basic') {
      throw new SqlError(
        'feature_not_supported',
        `collation "${e.collation.join('.')}" is not supported: text is ordered by code point ("C")`,
        { token: e.token },
      );
    }
    return this.#context.coercion.settle(this.bind(e.operand, place));
  }
}

export function tokenOf(expression: Expression): number {
  return expression.token;
}
