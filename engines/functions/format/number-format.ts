import { SqlError } from '#schemas/sqlstate/sql-error.js';
import { Numeric } from '#schemas/values/numeric.js';
import {
  multiply,
  numericToNumber,
  parseNumeric,
  powerOfTen,
  printNumeric,
  round,
} from '#schemas/values/numeric-arithmetic.js';
import { ordinalOf } from './time-format.js';

/** to_char(number) and to_number: PostgreSQL's numeric templates. Grouping is by comma, the decimal point a point, the currency sign a blank's width. */

interface Template {
  /** Digit places and the marks between them, in order. */
  readonly body: ReadonlyArray<'9' | '0' | ',' | '.' | string>;
  readonly fill: boolean;
  readonly sign: 'default' | 'MI' | 'PL' | 'SG' | 'S-front' | 'S-back' | 'PR';
  readonly signFront: boolean;
  readonly ordinal: 'TH' | 'th' | null;
  readonly shift: number;
  readonly roman: 'RN' | 'rn' | null;
  readonly exponent: boolean;
}

const TOKENS = /"(?:[^"\\]|\\.)*"|FM|TH|RN|MI|PL|SG|PR|EEEE|[90,.DGSLV$]|[\s\S]/gi;

function parseTemplate(pattern: string): Template {
  const body: string[] = [];
  let fill = false;
  let sign: Template['sign'] = 'default';
  let signFront = true;
  let ordinal: Template['ordinal'] = null;
  let roman: Template['roman'] = null;
  let exponent = false;
  let shift = -1;
  const digitSeen = (): boolean => body.some((t) => t === '9' || t === '0');
  for (const [token] of pattern.matchAll(TOKENS)) {
    const upper = token.toUpperCase();
    if (token.startsWith('"')) body.push(`"${token.slice(1, -1)}`);
    else if (upper === 'FM') fill = true;
    else if (upper === 'TH') ordinal = token === 'th' ? 'th' : 'TH';
    else if (upper === 'RN') roman = token === 'rn' ? 'rn' : 'RN';
    else if (upper === 'MI' || upper === 'PL' || upper === 'SG') {
      sign = upper;
      signFront = !digitSeen();
    } else if (upper === 'PR') sign = 'PR';
    else if (upper === 'S') sign = digitSeen() ? 'S-back' : 'S-front';
    else if (upper === 'EEEE') exponent = true;
    else if (upper === 'V') shift = 0;
    else if (upper === 'G') body.push(',');
    else if (upper === 'D') body.push('.');
    else if (upper === 'L' || token === '$') body.push('"$');
    else {
      if (shift >= 0 && (token === '9' || token === '0')) shift++;
      body.push('90,.'.includes(token) ? token : `"${token}`);
    }
  }
  return { body, fill, sign, signFront, ordinal, roman, exponent, shift: Math.max(shift, 0) };
}

/** A number in a template; # fills places that it does not fit. */
export function formatNumber(given: Numeric, pattern: string): string {
  const template = parseTemplate(pattern);
  if (template.roman !== null) return romanNumber(given, template);
  if (template.exponent) return exponentForm(given, template);
  const value = template.shift === 0 ? given : multiply(given, new Numeric(powerOfTen(template.shift), 0));
  const point = template.body.indexOf('.');
  const digitPlaces = (part: readonly string[]): number => part.filter((t) => t === '9' || t === '0').length;
  const wholePlaces = digitPlaces(point < 0 ? template.body : template.body.slice(0, point));
  const fractionPlaces = point < 0 ? 0 : digitPlaces(template.body.slice(point + 1));
  const negative = value.special === '-Infinity' || value.unscaled < 0n;
  const rounded = value.special === null ? round(value, fractionPlaces) : value;
  const [whole = '', fraction = ''] = printNumeric(rounded).replace('-', '').split('.');
  const overflow = value.special !== null || (whole === '0' ? 0 : whole.length) > wholePlaces;
  const isNegative = negative && (rounded.special !== null || rounded.unscaled !== 0n);
  const text = overflow ? overflowed(template) : filled(template, whole === '0' ? '' : whole, fraction, wholePlaces);
  return signed(text, isNegative, template, whole);
}

function overflowed(template: Template): string {
  return template.body.map((t) => (t === '9' || t === '0' ? '#' : t.startsWith('"') ? t.slice(1) : t)).join('');
}

/** Places before the number's first digit are blanks for 9 and zeros for 0 (and for every place behind one). */
function filled(template: Template, whole: string, fraction: string, wholePlaces: number): string {
  let place = 0;
  let fractionPlace = 0;
  let afterPoint = false;
  let started = false;
  let text = '';
  const hasWhole = whole !== '';
  const trailing = template.fill ? fraction.replace(/0+$/, '').length : fraction.length;
  // The last zero asked for by a 0 stays under FM.
  const lastZero =
    template.body
      .slice(template.body.indexOf('.') + 1)
      .filter((t) => t === '9' || t === '0')
      .lastIndexOf('0') + 1;
  for (const token of template.body) {
    if (token.startsWith('"')) text += token.slice(1);
    else if (token === '.') {
      afterPoint = true;
      if (!started && !hasWhole && wholePlaces > 0 && !template.fill) text = text.replace(/ $/, ' ');
      text += '.';
    } else if (token === ',') text += started ? ',' : template.fill ? '' : ' ';
    else if (afterPoint) {
      if (!template.fill || fractionPlace < Math.max(trailing, lastZero)) text += fraction[fractionPlace] ?? '0';
      fractionPlace++;
    } else {
      const fromRight = wholePlaces - place;
      place++;
      if (fromRight <= whole.length) {
        text += whole[whole.length - fromRight];
        started = true;
      } else if (started || token === '0') {
        text += '0';
        started = true;
      } else if (place === wholePlaces && !template.body.includes('.')) {
        text += '0';
        started = true;
      } else text += template.fill ? '' : ' ';
    }
  }
  return text;
}

function signed(body: string, negative: boolean, template: Template, digits: string): string {
  const ordinal =
    template.ordinal === null || negative
      ? ''
      : template.ordinal === 'TH'
        ? ordinalOf(digits).toUpperCase()
        : ordinalOf(digits);
  const text = body + ordinal;
  const lead = /^ */.exec(text)?.[0] ?? '';
  const rest = text.slice(lead.length);
  const blank = template.fill ? '' : ' ';
  switch (template.sign) {
    case 'S-front':
      return `${lead}${negative ? '-' : '+'}${rest}`;
    case 'S-back':
      return `${text}${negative ? '-' : '+'}`;
    case 'MI': {
      const mark = negative ? '-' : blank;
      return template.signFront ? mark + text : text + mark;
    }
    case 'PL': {
      const mark = negative ? blank : '+';
      const minus = negative ? '-' : blank;
      return template.signFront ? `${mark}${lead}${minus}${rest}` : `${lead}${minus}${rest}${mark}`;
    }
    case 'SG':
      return template.signFront ? `${negative ? '-' : '+'}${text}` : `${text}${negative ? '-' : '+'}`;
    case 'PR':
      return negative ? `${lead}<${rest}>` : template.fill ? text : ` ${text} `;
    default:
      return negative ? `${lead}-${rest}` : blank + text;
  }
}

function exponentForm(value: Numeric, template: Template): string {
  const point = template.body.indexOf('.');
  const places = point < 0 ? 0 : template.body.slice(point + 1).filter((t) => t === '9' || t === '0').length;
  const text = numericToNumber(value)
    .toExponential(places)
    .replace(/e([+-])(\d)$/, 'e$10$2');
  return value.unscaled < 0n || template.fill ? text : ` ${text}`;
}

const ROMAN: ReadonlyArray<readonly [number, string]> = [
  [1000, 'M'],
  [900, 'CM'],
  [500, 'D'],
  [400, 'CD'],
  [100, 'C'],
  [90, 'XC'],
  [50, 'L'],
  [40, 'XL'],
  [10, 'X'],
  [9, 'IX'],
  [5, 'V'],
  [4, 'IV'],
  [1, 'I'],
];

function romanNumber(value: Numeric, template: Template): string {
  let left = Math.round(numericToNumber(value));
  if (!(left >= 1 && left <= 3_999)) return '#'.repeat(15);
  let text = '';
  for (const [size, letters] of ROMAN) {
    while (left >= size) {
      text += letters;
      left -= size;
    }
  }
  const shown = template.roman === 'rn' ? text.toLowerCase() : text;
  return template.fill ? shown : shown.padStart(15);
}

/** to_number: what is not a digit, sign or point is passed over. */
export function readNumber(text: string, pattern: string): Numeric {
  const template = parseTemplate(pattern);
  const negative = /-|<.*>/.test(text);
  const digits = text.replace(/[^0-9.]/g, '');
  const places = template.body.filter((t) => t === '9' || t === '0').length;
  const [whole = '', ...fraction] = digits.split('.');
  const value = parseNumeric(
    `${whole.slice(0, Math.max(places, 1)) || '0'}${fraction.length > 0 && template.body.includes('.') ? `.${fraction.join('')}` : ''}`,
  );
  if (value === null || digits === '')
    throw new SqlError('invalid_text_representation', `invalid input syntax for type numeric: "${text}"`);
  const shifted = template.shift === 0 ? value : new Numeric(value.unscaled, value.scale + template.shift);
  return negative ? new Numeric(-shifted.unscaled, shifted.scale) : shifted;
}
