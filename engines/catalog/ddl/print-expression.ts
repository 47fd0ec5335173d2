import type { Expression, TypeName } from '#schemas/program/expression.js';
import { DEFAULT_TEXT_CONTEXT, printText } from '#schemas/values/text-form.js';
import { printType, typeByName } from '#schemas/values/type-name.js';
import { quoteIdentifier, quoteLiteral } from '../../functions/scalars/text.js';

/** An expression as SQL text, near to how PostgreSQL shows it: for index definitions and constraints whose text was not kept. */
export function printExpression(e: Expression): string {
  switch (e.kind) {
    case 'constant':
      return printConstant(e);
    case 'parameter':
      return `$${e.index + 1}`;
    case 'column':
      return quoteIdentifier(e.path.at(-1) ?? '');
    case 'operator':
      return e.operands.length === 1
        ? `(${e.symbol} ${operand(e.operands[0])})`
        : `(${operand(e.operands[0])} ${e.symbol} ${operand(e.operands[1])})`;
    case 'and':
    case 'or':
      return `(${e.operands.map(printExpression).join(` ${e.kind.toUpperCase()} `)})`;
    case 'not':
      return `(NOT ${printExpression(e.operand)})`;
    case 'is':
      return `(${printExpression(e.operand)} IS ${e.negated ? 'NOT ' : ''}${e.test.toUpperCase()})`;
    case 'distinct-from':
      return `(${printExpression(e.left)} IS ${e.negated ? 'NOT ' : ''}DISTINCT FROM ${printExpression(e.right)})`;
    case 'between': {
      const [low, high] = [printExpression(e.low), printExpression(e.high)];
      const value = printExpression(e.operand);
      return e.negated
        ? `((${value} < ${low}) OR (${value} > ${high}))`
        : `((${value} >= ${low}) AND (${value} <= ${high}))`;
    }
    case 'in-list':
      return `(${printExpression(e.operand)} ${e.negated ? '<> ALL' : '= ANY'} (ARRAY[${e.list.map(printExpression).join(', ')}]))`;
    case 'like': {
      const symbol = `${e.negated ? '!' : ''}~~${e.caseInsensitive ? '*' : ''}`;
      return `(${printExpression(e.operand)} ${symbol} ${printExpression(e.pattern)})`;
    }
    case 'case': {
      const branches = e.branches
        .map((b) => `WHEN ${printExpression(b.when)} THEN ${printExpression(b.then)}`)
        .join(' ');
      const otherwise = e.otherwise === null ? '' : ` ELSE ${printExpression(e.otherwise)}`;
      return `CASE ${e.operand === null ? '' : `${printExpression(e.operand)} `}${branches}${otherwise} END`;
    }
    case 'cast':
      return `${castOperand(e.operand)}::${printTypeName(e.type)}`;
    case 'call':
      return `${e.name.map(quoteIdentifier).join('.')}(${e.star ? '*' : e.arguments.map(printExpression).join(', ')})`;
    case 'array':
      return `ARRAY[${e.elements.map(printExpression).join(', ')}]`;
    case 'row':
      return `ROW(${e.elements.map(printExpression).join(', ')})`;
    case 'subscript':
      return `${printExpression(e.operand)}[${printExpression(e.index)}]`;
    case 'collate':
      return `(${printExpression(e.operand)} COLLATE ${e.collation.map(quoteIdentifier).join('.')})`;
    case 'quantified-array':
      return `(${printExpression(e.operand)} ${e.symbol} ${e.quantifier.toUpperCase()} (${printExpression(e.array)}))`;
    default:
      return `<${e.kind}>`;
  }
}

function operand(e: Expression | undefined): string {
  return e === undefined ? '' : printExpression(e);
}

/** A cast binds more closely than a sign or an operator. */
function castOperand(e: Expression): string {
  const text = printExpression(
    e.kind === 'constant' && typeof e.value === 'string' ? { ...e, type: { kind: 'unknown' } } : e,
  );
  return e.kind === 'column' || e.kind === 'constant' ? text : `(${text.replace(/^\((.*)\)$/s, '$1')})`;
}

function printConstant(e: Extract<Expression, { kind: 'constant' }>): string {
  if (e.value === null) return e.type.kind === 'unknown' ? 'NULL' : `NULL::${printType(e.type)}`;
  switch (e.type.kind) {
    case 'boolean':
      return e.value === true ? 'true' : 'false';
    case 'smallint':
    case 'integer':
    case 'bigint':
    case 'numeric': {
      const text = printText(e.type, e.value, DEFAULT_TEXT_CONTEXT);
      return text.startsWith('-') ? `'${text}'::${printType(e.type)}` : text;
    }
    case 'unknown':
      return typeof e.value === 'string' ? quoteLiteral(e.value) : String(e.value);
    default:
      return `${quoteLiteral(printText(e.type, e.value, DEFAULT_TEXT_CONTEXT))}::${printType(e.type)}`;
  }
}

function printTypeName(type: TypeName): string {
  const known = typeByName(type.name.at(-1) ?? '');
  const base = known === null ? type.name.join('.') : printType(known);
  const modifiers = type.modifiers.length === 0 ? '' : `(${type.modifiers.join(',')})`;
  return `${base}${modifiers}${'[]'.repeat(type.arrayDimensions)}`;
}
