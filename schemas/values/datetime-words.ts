/** Words of dates and times in input (PostgreSQL's datetktbl), told apart by what they contribute. */
export type DatetimeWord =
  | { readonly kind: 'month'; readonly month: number }
  | { readonly kind: 'weekday' }
  | { readonly kind: 'half'; readonly afternoon: boolean }
  | { readonly kind: 'era'; readonly beforeChrist: boolean }
  | { readonly kind: 'moment'; readonly moment: SpecialMoment }
  /** `t` before an ISO time, `j` before a Julian day. */
  | { readonly kind: 'prefix'; readonly prefix: 'time' | 'julian' }
  /** Units that only stand in front of numbers in a form of ISO 8601 that PostgreSQL reads and nobody writes. */
  | { readonly kind: 'unit' }
  | { readonly kind: 'filler' };

export type SpecialMoment =
  | 'now'
  | 'today'
  | 'tomorrow'
  | 'yesterday'
  | 'midnight'
  | 'epoch'
  | 'infinity'
  | '-infinity';

const MONTHS =
  'jan january|feb february|mar march|apr april|may|jun june|jul july|aug august|sep sept september|oct october|nov november|dec december';
const WEEKDAYS =
  'sun sunday mon monday tue tues tuesday wed wednesday weds thu thur thurs thursday fri friday sat saturday';

const WORDS: ReadonlyMap<string, DatetimeWord> = new Map<string, DatetimeWord>([
  ...MONTHS.split('|').flatMap((names, index) =>
    names.split(' ').map((name): [string, DatetimeWord] => [name, { kind: 'month', month: index + 1 }]),
  ),
  ...WEEKDAYS.split(' ').map((name): [string, DatetimeWord] => [name, { kind: 'weekday' }]),
  ...(['now', 'today', 'tomorrow', 'yesterday', 'epoch', 'infinity', '-infinity'] as const).map(
    (moment): [string, DatetimeWord] => [moment, { kind: 'moment', moment }],
  ),
  ['allballs', { kind: 'moment', moment: 'midnight' }],
  ['am', { kind: 'half', afternoon: false }],
  ['pm', { kind: 'half', afternoon: true }],
  ['ad', { kind: 'era', beforeChrist: false }],
  ['bc', { kind: 'era', beforeChrist: true }],
  ['t', { kind: 'prefix', prefix: 'time' }],
  ...['j', 'jd', 'julian'].map((name): [string, DatetimeWord] => [name, { kind: 'prefix', prefix: 'julian' }]),
  ...['d', 'dow', 'doy', 'h', 'isodow', 'isoyear', 'm', 'mm', 's', 'y'].map((name): [string, DatetimeWord] => [
    name,
    { kind: 'unit' },
  ]),
  ...['at', 'on'].map((name): [string, DatetimeWord] => [name, { kind: 'filler' }]),
]);

/** Only so many letters of a word count. */
const LETTERS_MAX = 10;

export function datetimeWord(text: string): DatetimeWord | undefined {
  return WORDS.get(text.slice(0, LETTERS_MAX));
}
