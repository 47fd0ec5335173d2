import type { Expression } from '#schemas/program/expression.js';

/** A literal, or one with a type: neither gives a column its name. */
function isLiteral(e: Expression): boolean {
  return e.kind === 'constant' || (e.kind === 'cast' && isLiteral(e.operand));
}

/** The name of an unnamed output column, as PostgreSQL chooses it. */
export function columnName(e: Expression): string {
  switch (e.kind) {
    case 'column':
      return e.path.at(-1) as string;
    case 'call':
      return e.name.at(-1) as string;
    case 'cast': {
      const inner = columnName(e.operand);
      return inner === '?column?' || isLiteral(e.operand) ? (e.type.name.at(-1) as string) : inner;
    }
    case 'case': {
      const inner = e.otherwise === null ? '?column?' : columnName(e.otherwise);
      return inner === '?column?' ? 'case' : inner;
    }
    case 'exists':
      return 'exists';
    case 'array':
    case 'array-subquery':
      return 'array';
    case 'row':
      return 'row';
    case 'scalar-subquery': {
      const { body } = e.query;
      const item = body.kind === 'select' ? body.items[0] : undefined;
      return item?.kind === 'expression' ? (item.alias ?? columnName(item.expression)) : '?column?';
    }
    case 'collate':
    case 'subscript':
      return columnName(e.operand);
    default:
      return '?column?';
  }
}
