import type { TextContext } from './text-context.js';

/** Floats as PostgreSQL prints them: the shortest digits that read back the same, or a number of digits when extra_float_digits is not positive. */

export function printDouble(value: number, context: TextContext): string {
  const word = specialWord(value);
  if (word !== null) return word;
  const digits = Math.max(1, 15 + context.extraFloatDigits);
  if (context.extraFloatDigits <= 0) return layOut(value.toExponential(digits - 1), digits);
  return layOut(Math.abs(value) < 2 ** 53 ? value.toExponential() : shortestLarge(value), 15);
}

export function printReal(value: number, context: TextContext): string {
  const word = specialWord(value);
  if (word !== null) return word;
  const digits = Math.max(1, 6 + context.extraFloatDigits);
  if (context.extraFloatDigits <= 0) return layOut(value.toExponential(digits - 1), digits);
  return layOut(shortestReal(value), 6);
}

function specialWord(value: number): string | null {
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  if (Number.isFinite(value)) return null;
  return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity';
}

/**
 * JavaScript takes a decimal that lies exactly half way to the next double when it reads back by the even rule; PostgreSQL never does.
 * Only integers beyond 2^53 have such neighbours of at most 17 digits.
 */
function shortestLarge(value: number): string {
  const shortest = value.toExponential();
  const exact = BigInt(value);
  const bits = exact.toString(2).replace('-', '').length;
  const ulp = 1n << BigInt(Math.max(0, bits - 53));
  const distance = integerOf(shortest) - exact;
  if ((distance < 0n ? -distance : distance) * 2n !== ulp) return shortest;
  for (let digits = shortest.replace(/^-|\.|e.*$/g, '').length + 1; digits < 17; digits++) {
    const longer = value.toExponential(digits - 1);
    const gap = integerOf(longer) - exact;
    if ((gap < 0n ? -gap : gap) * 2n < ulp) return longer;
  }
  return value.toExponential(16);
}

/** The integer that a decimal in exponent form is (its exponent is large enough). */
function integerOf(text: string): bigint {
  const [mantissa, exponent] = text.split('e') as [string, string];
  const [whole, fraction = ''] = mantissa.split('.') as [string, string?];
  return BigInt(whole + fraction) * 10n ** BigInt(Number(exponent) - fraction.length);
}

/** The fewest digits strictly nearer to `value` than to any other real; among equally near ones the even. At most nine. */
function shortestReal(value: number): string {
  const size = Math.abs(value);
  const above = gapAbove(size) / 2;
  // Below a power of two the reals lie twice as dense.
  const below = Number.isInteger(Math.log2(size)) && size > 2 ** -126 ? above / 2 : above;
  for (let digits = 1; digits < 9; digits++) {
    const short = halfEven(size, digits);
    const distance = Number(short) - size;
    if (distance > -below && distance < above) return value < 0 ? `-${short}` : short;
  }
  return value.toExponential(8);
}

/** Distance from a positive real to the next larger one. */
function gapAbove(size: number): number {
  const exponent = Math.max(-126, Math.floor(Math.log2(size)));
  const gap = 2 ** (exponent - 23);
  // log2 may round up right below a power of two.
  return size >= 2 ** exponent || exponent === -126 ? gap : gap / 2;
}

/** toExponential breaks ties upwards; PostgreSQL's algorithm to the even digit. */
function halfEven(size: number, digits: number): string {
  const rounded = size.toExponential(digits - 1);
  const longer = size.toExponential(digits);
  const [mantissa, exponent] = longer.split('e') as [string, string];
  if (!mantissa.endsWith('5') || Number(longer) !== size) return rounded;
  const kept = mantissa.slice(0, -1).replace(/\.$/, '');
  return Number(kept.at(-1)) % 2 === 0 ? `${kept}e${exponent}` : rounded;
}

/** Digits plain between 1e-4 and 10^`plainDigits`, with an exponent of at least two digits outside. */
function layOut(text: string, plainDigits: number): string {
  const [number, exponent] = text.split('e') as [string, string];
  const sign = number.startsWith('-') ? '-' : '';
  const digits = number.replace(/[-.]/g, '').replace(/0+$/, '');
  const power = Number(exponent);
  if (power < -4 || power >= plainDigits) {
    const mantissa = digits.length > 1 ? `${digits[0]}.${digits.slice(1)}` : digits;
    return `${sign}${mantissa}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
  }
  if (power < 0) return `${sign}0.${'0'.repeat(-power - 1)}${digits}`;
  if (digits.length <= power + 1) return sign + digits.padEnd(power + 1, '0');
  return `${sign}${digits.slice(0, power + 1)}.${digits.slice(power + 1)}`;
}
