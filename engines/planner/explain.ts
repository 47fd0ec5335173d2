import { DEFAULT_TEXT_CONTEXT, printText } from '#schemas/values/text-form.js';
import type { PlanNode } from '../vm/operators/operator.js';
import type { Scalar } from '../vm/scalar.js';

/** An expression as EXPLAIN shows it. */
export function printScalar(scalar: Scalar): string {
  switch (scalar.kind) {
    case 'constant':
      return scalar.value === null
        ? 'NULL'
        : typeof scalar.value === 'number' || typeof scalar.value === 'bigint'
          ? String(scalar.value)
          : `'${printText(scalar.type, scalar.value, DEFAULT_TEXT_CONTEXT)}'`;
    case 'parameter':
      return `$${scalar.index + 1}`;
    case 'column':
      return scalar.name;
    case 'call': {
      const args = scalar.arguments.map(printScalar);
      if (scalar.name === 'cast') return args[0] as string;
      if (!scalar.operator) return `${scalar.name}(${args.join(', ')})`;
      return args.length === 1 ? `(${scalar.name} ${args[0]})` : `(${args[0]} ${scalar.name} ${args[1]})`;
    }
    case 'and':
    case 'or':
      return `(${scalar.operands.map(printScalar).join(` ${scalar.kind.toUpperCase()} `)})`;
    case 'not':
      return `(NOT ${printScalar(scalar.operand)})`;
    case 'is-null':
      return `(${printScalar(scalar.operand)} IS ${scalar.negated ? 'NOT ' : ''}NULL)`;
    case 'is-boolean':
      return `(${printScalar(scalar.operand)} IS ${scalar.negated ? 'NOT ' : ''}${String(scalar.test).toUpperCase()})`;
    case 'coalesce':
      return `COALESCE(${scalar.operands.map(printScalar).join(', ')})`;
    case 'case':
      return 'CASE … END';
    case 'array':
      return `ARRAY[${scalar.elements.map(printScalar).join(', ')}]`;
  }
}

/** A plan as lines of text, children indented behind arrows. */
export function explainLines(node: PlanNode, depth = 0): string[] {
  const indent = depth === 0 ? '' : `${'  '.repeat(depth * 3 - 2)}->  `;
  const noteIndent = '  '.repeat(depth * 3 + 1);
  // A filter is shown as a condition of what is below it.
  const lines = [
    `${indent}${node.label}  (rows=${Math.round(node.rows)})`,
    ...node.notes.map((note) => noteIndent + note),
  ];
  return [...lines, ...node.children.flatMap((child) => explainLines(child, depth + 1))];
}
