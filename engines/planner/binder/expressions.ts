import { unreachable } from '#schemas/kernel/assert.js';
import type { Expression, OrderItem } from '#schemas/program/expression.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { SqlType } from '#schemas/values/type.js';
import { arrayOf, printType, TYPES } from '#schemas/values/type-name.js';
import type { Row, Value } from '#schemas/values/value.js';
import type { OperatorDefinition, ScalarFunction } from '../../functions/definition.js';
import type { CallScalar, Evaluate, Scalar } from '../../vm/scalar.js';
import type { SortKey } from '../logical.js';
import { call } from './calls.js';
import { between, distinctFrom, inList, is, like, rowComparison } from './comparisons.js';
import { type BindContext, bindTypeName } from './context.js';
import type { BindQuery, Place } from './place.js';
import { type Candidate, commonType, resolve } from './resolve.js';
import { quantified, quantifiedArray, subquery } from './subqueries.js';
import { rowObject, wholeRow } from './whole-row.js';

const COMPARISONS: ReadonlySet<string> = new Set(['=', '<>', '!=', '<', '<=', '>', '>=']);

/** Binds expressions: names to columns, operators and functions to definitions, and a type to everything. */
export class ExpressionBinder {
  readonly context: BindContext;
  readonly bindQuery: BindQuery;

  constructor(context: BindContext, bindQuery: BindQuery) {
    this.context = context;
    this.bindQuery = bindQuery;
  }

  /** A condition: boolean or 42804. */
  condition(expression: Expression, place: Place): Scalar {
    return this.context.coercion.require(
      this.bind(expression, place),
      TYPES.boolean,
      `argument of ${place.name}`,
      expression.token,
    );
  }

  bind(e: Expression, place: Place): Scalar {
    const { coercion } = this.context;
    switch (e.kind) {
      case 'constant':
        return { kind: 'constant', type: e.type, value: e.value, token: e.token };
      case 'parameter':
        return { kind: 'parameter', type: this.context.parameters.typeOf(e.index), index: e.index };
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
            coercion.require(this.bind(o, place), TYPES.boolean, `argument of ${e.kind.toUpperCase()}`, o.token),
          ),
        };
      case 'not':
        return {
          kind: 'not',
          type: TYPES.boolean,
          operand: coercion.require(this.bind(e.operand, place), TYPES.boolean, 'argument of NOT', e.operand.token),
        };
      case 'is':
        return is(this, e, place);
      case 'distinct-from':
        return distinctFrom(this, e, place);
      case 'between':
        return between(this, e, place);
      case 'in-list':
        return inList(this, e, place);
      case 'like':
        return like(this, e, place);
      case 'case':
        return this.#case(e, place);
      case 'cast':
        return this.#cast(e, place);
      case 'call':
        return call(this, e, place);
      case 'exists':
        return subquery(this, 'exists', e.query, place, e.token, TYPES.boolean, null, null, 'any');
      case 'scalar-subquery':
        return subquery(this, 'scalar', e.query, place, e.token, null, null, null, 'any');
      case 'array-subquery':
        return subquery(this, 'array', e.query, place, e.token, null, null, null, 'any');
      case 'quantified-subquery':
        return quantified(this, e, place);
      case 'quantified-array':
        return quantifiedArray(this, e, place);
      case 'array':
        return this.#array(e.elements, place, e.token);
      case 'row':
        if (place.rows === true) return rowObject(this, e, place);
        throw new SqlError('feature_not_supported', 'row values are supported in comparisons only', { token: e.token });
      case 'subscript':
        return this.#subscript(e, place);
      case 'field':
        return this.#field(e, place);
      case 'collate':
        return this.#collate(e, place);
      case 'default':
        throw new SqlError('syntax_error', 'DEFAULT is not allowed in this context', { token: e.token });
      default:
        return unreachable(e);
    }
  }

  #column(path: readonly string[], place: Place, token: number): Scalar {
    return place.scope.find(path, token) ?? wholeRow(path, place) ?? place.scope.resolve(path, token);
  }

  // ── operators ──────────────────────────────────────────────────────────────────────────────────────────────────────

  #operator(symbol: string, operands: readonly Expression[], place: Place, token: number): Scalar {
    const [left, right] = operands as [Expression, Expression];
    if (operands.length === 2 && left.kind === 'row' && (right.kind === 'row' || COMPARISONS.has(symbol)))
      return rowComparison(this, symbol, left, right, place, token);
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
    for (const definition of this.context.library.operator(symbol)) {
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
        hint:
          operands.length === 1
            ? 'No operator matches the given name and argument type. You might need to add an explicit type cast.'
            : 'No operator matches the given name and argument types. You might need to add explicit type casts.',
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
      this.context.coercion.require(operand, types[i] as SqlType, `argument of ${name}`, token),
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

  // ── conditional ────────────────────────────────────────────────────────────────────────────────────────────────────

  #case(e: Extract<Expression, { kind: 'case' }>, around: Place): Scalar {
    const place: Place = around.sets === null ? around : { ...around, name: 'CASE', sets: null };
    const operand = e.operand === null ? null : this.bind(e.operand, place);
    const whens = e.branches.map((b) =>
      operand === null
        ? this.context.coercion.require(this.bind(b.when, place), TYPES.boolean, 'argument of CASE/WHEN', b.when.token)
        : this.applyOperator('=', [operand, this.bind(b.when, place)], b.when.token),
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
    return { type, scalars: scalars.map((s) => this.context.coercion.require(s, type, what, token)) };
  }

  #cast(e: Extract<Expression, { kind: 'cast' }>, place: Place): Scalar {
    const type = bindTypeName(e.type);
    // ARRAY[]::int[] gets its element type from the cast.
    if (e.operand.kind === 'array' && type.kind === 'array') {
      const elements = e.operand.elements.map((el) =>
        this.context.coercion.explicit(this.bind(el, place), type.element, el.token),
      );
      return { kind: 'array', type, elements };
    }
    return this.context.coercion.explicit(this.bind(e.operand, place), type, e.token);
  }

  /** A scalar function over bound arguments. Throws 42883. */
  applyFunction(name: string, args: readonly Scalar[], token: number): Scalar {
    const candidates = this.context.library.scalar(name).map((definition) => ({
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
      throw this.noFunction(name, args, token);
    }
    if (found === 'ambiguous') throw this.ambiguous(name, args, token);
    return this.#makeCall(name, false, found.candidate.definition, args, found.types, found.result, token);
  }

  #castCall(name: string, argument: Scalar, token: number): Scalar | null {
    try {
      return this.context.coercion.to(
        argument,
        bindTypeName({ name: [name], modifiers: [], arrayDimensions: 0, token }),
        'explicit',
      );
    } catch {
      return null;
    }
  }

  noFunction(name: string, args: readonly Scalar[], token: number): SqlError {
    return new SqlError(
      'undefined_function',
      `function ${name}(${args.map((a) => printType(a.type)).join(', ')}) does not exist`,
      {
        hint: 'No function matches the given name and argument types. You might need to add explicit type casts.',
        token,
      },
    );
  }

  ambiguous(name: string, args: readonly Scalar[], token: number): SqlError {
    return new SqlError(
      'ambiguous_function',
      `function ${name}(${args.map((a) => printType(a.type)).join(', ')}) is not unique`,
      {
        hint: 'Could not choose a best candidate function. You might need to add explicit type casts.',
        token,
      },
    );
  }

  sortKey(item: OrderItem, place: Place): SortKey {
    return {
      scalar: this.context.coercion.settle(this.bind(item.expression, place)),
      descending: item.descending,
      nullsFirst: item.nullsFirst ?? item.descending,
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
    if (e.operand.kind === 'subscript' && e.operand.upper === null && e.upper === null) {
      const nested = this.#nestedSubscript(e, place);
      if (nested !== null) return nested;
    }
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
      this.context.coercion.require(this.bind(x, place), TYPES.integer, 'array subscript', x.token);
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
    const first = this.context.isVector(operand) ? 0 : 1;
    // An index that leaves an array has fewer subscripts than the array dimensions: NULL.
    const at: Evaluate = (list, index) => {
      const item = (list as readonly Value[])[(index as number) - first] ?? null;
      return Array.isArray(item) ? null : item;
    };
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

  /** a[i][j]…: all subscripts at once, because what is between has no value; null when it is no array. */
  #nestedSubscript(e: Extract<Expression, { kind: 'subscript' }>, place: Place): Scalar | null {
    const indexes: Expression[] = [];
    let base: Expression = e;
    for (; base.kind === 'subscript' && base.upper === null; base = base.operand) indexes.unshift(base.index);
    const operand = this.bind(base, place);
    if (operand.type.kind !== 'array') return null;
    const evaluate: Evaluate = (list, ...at) => {
      let item = list as Value;
      for (const i of at.slice(0, indexes.length))
        item = Array.isArray(item) ? ((item as readonly Value[])[(i as number) - 1] ?? null) : null;
      return Array.isArray(item) ? null : item;
    };
    return {
      kind: 'call',
      type: operand.type.element,
      name: 'array_at',
      operator: false,
      arguments: [
        operand,
        ...indexes.map((i) =>
          this.context.coercion.require(this.bind(i, place), TYPES.integer, 'array subscript', i.token),
        ),
      ],
      strict: true,
      volatility: 'immutable',
      evaluate,
    };
  }

  #field(e: Extract<Expression, { kind: 'field' }>, place: Place): Scalar {
    const operand = this.bind(e.operand, place);
    const fields = operand.kind === 'column' ? this.context.composites.get(operand.id) : undefined;
    const at = fields?.findIndex((field) => field.name === e.name) ?? -1;
    const field = fields?.[at];
    if (field === undefined) {
      throw new SqlError('feature_not_supported', 'selecting a field of a composite value is not supported', {
        token: e.token,
      });
    }
    const evaluate: Evaluate = (row) => (row as Row)[at] ?? null;
    return {
      kind: 'call',
      type: field.type,
      name: `field ${field.name}`,
      operator: false,
      arguments: [operand],
      strict: true,
      volatility: 'immutable',
      evaluate,
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
    return this.context.coercion.settle(this.bind(e.operand, place));
  }
}
