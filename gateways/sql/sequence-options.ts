import type { Option } from '#schemas/program/statement.js';
import type { Parser } from './parser.js';
import { TOKEN } from './scanner.js';

/** Options of sequences, and OWNED BY: a column's path, empty for NONE, null where it is not said. */
export function sequenceOptions(p: Parser): { options: Option[]; ownedBy: string[] | null } {
  const options: Option[] = [];
  let ownedBy: string[] | null = null;
  for (;;) {
    const token = p.ordinal;
    if (p.accept('owned', 'by')) ownedBy = p.accept('none') ? [] : p.path();
    else {
      const option = sequenceOption(p);
      if (option === null) return { options, ownedBy };
      if (options.some((other) => other.name === option.name))
        throw p.errorAt('syntax_error', 'conflicting or redundant options', token);
      options.push({ ...option, token });
    }
  }
}

function sequenceOption(p: Parser): Pick<Option, 'name' | 'value'> | null {
  if (p.accept('as')) return { name: 'as', value: p.dialect.grammar.typeName(p).name.join('.') };
  if (p.accept('start')) {
    p.accept('with');
    return { name: 'start', value: wholeNumber(p) };
  }
  if (p.accept('restart')) {
    const isGiven = p.accept('with') || p.token.kind === TOKEN.integer || p.atOperator('-');
    return { name: 'restart', value: isGiven ? wholeNumber(p) : null };
  }
  if (p.accept('increment')) {
    p.accept('by');
    return { name: 'increment', value: wholeNumber(p) };
  }
  const limit = p.acceptAny('minvalue', 'maxvalue');
  if (limit !== null) return { name: limit, value: wholeNumber(p) };
  if (p.accept('cache')) return { name: 'cache', value: wholeNumber(p) };
  if (p.accept('cycle')) return { name: 'cycle', value: true };
  if (p.accept('no', 'cycle')) return { name: 'cycle', value: false };
  if (p.accept('no', 'minvalue')) return { name: 'minvalue', value: null };
  if (p.accept('no', 'maxvalue')) return { name: 'maxvalue', value: null };
  if (p.accept('sequence', 'name')) return { name: 'sequence_name', value: p.path().join('.') };
  return null;
}

/** A signed integer: a number while doubles hold it exactly, else its digits. */
function wholeNumber(p: Parser): number | string {
  const negative = p.acceptOperator('-');
  if (!negative) p.acceptOperator('+');
  if (p.token.kind !== TOKEN.integer) throw p.syntaxError();
  const text = (negative ? '-' : '') + p.advance().text;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value + 0 : text;
}
