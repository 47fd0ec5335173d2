/** mulberry32: small, and the same everywhere. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

type Kind = 'integer' | 'numeric' | 'text' | 'date' | 'timestamp' | 'moment' | 'truth';

const COLUMNS: Readonly<Record<Kind, readonly string[]>> = {
  integer: ['id', 's', 'i', 'b', 'g'],
  numeric: ['n', 'p'],
  text: ['t'],
  date: ['da'],
  timestamp: ['ts'],
  moment: ['at'],
  truth: ['i > 0'],
};
const KINDS = Object.keys(COLUMNS) as Kind[];
const STEPS = ['year', 'quarter', 'month', 'week', 'day', 'hour'];
const FIELDS = ['year', 'quarter', 'month', 'week', 'day', 'dow', 'isodow', 'doy'];

/** An aggregating query over the table tame of edge-tables.ts, its rows in order. Nothing in it leaves the range of its type. */
export function randomAnalytics(seed: number): string {
  return new AnalyticsMaker(generator(seed)).query();
}

class AnalyticsMaker {
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  query(): string {
    const from = this.#one([
      'tame x',
      'tame x',
      'tame x join tame y on x.g = y.g and y.id < 12',
      'tame x left join tame y on x.i = y.s and y.id < 40',
      'tame x full join (select * from tame where id < 9) y on x.s = y.s and x.id < 25',
      "(select * from tame where t like '%a%' union all select * from tame where id < 30) x",
    ]);
    const groups = Array.from({ length: this.#below(4) }, () => this.#expression(this.#one(KINDS), 2));
    const results = Array.from({ length: 1 + this.#below(3) }, () => this.#aggregate());
    const list = [...groups, ...results].map((each, i) => `${each} as c${i}`);
    const order = list.map((_, i) => `${i + 1}${this.#one(['', ' desc', ' nulls first'])}`);
    return [
      `select ${list.join(', ')} from ${from}`,
      this.#chance(0.7) ? ` where ${this.#condition(2)}` : '',
      groups.length > 0 ? ` group by ${this.#grouping(groups.length)}` : '',
      this.#chance(0.3) ? ` having ${this.#having()}` : '',
      ` order by ${order.join(', ')}`,
      this.#chance(0.2) ? ` limit ${1 + this.#below(20)}` : '',
    ].join('');
  }

  #grouping(count: number): string {
    const all = Array.from({ length: count }, (_, i) => i + 1).join(', ');
    return this.#chance(0.2)
      ? `${this.#one(['rollup', 'cube'])} (${all})`.replace(/\((.*)\)/, (_, list) => `(${list})`)
      : all;
  }

  #having(): string {
    return this.#one([
      'count(*) > 2',
      'sum(x.i) > 0',
      'max(x.n) > 1.5',
      'avg(x.n) < 3',
      'min(x.t) is not null',
      'count(distinct x.g) > 1',
    ]);
  }

  #aggregate(): string {
    const filter = this.#chance(0.2) ? ` filter (where ${this.#condition(1)})` : '';
    const distinct = this.#chance(0.2) ? 'distinct ' : '';
    switch (this.#below(8)) {
      case 0:
        return `count(*)${filter}`;
      case 1:
        return `count(${distinct}${this.#expression(this.#one(KINDS), 2)})${filter}`;
      case 2:
        return `sum(${distinct}${this.#expression('integer', 2)})${filter}`;
      case 3:
        return `sum(${this.#expression('numeric', 2)})${filter}`;
      case 4:
        return `avg(${distinct}${this.#expression(this.#one(['integer', 'numeric']), 1)})${filter}`;
      case 5:
        return `sum(case when ${this.#condition(1)} then ${this.#expression('numeric', 1)} else ${this.#one(['0', '1.5', 'null', 'x.n'])} end)${filter}`;
      case 6:
        return `${this.#one(['bool_and', 'bool_or'])}(${this.#condition(1)})${filter}`;
      default:
        return `${this.#one(['min', 'max'])}(${this.#expression(this.#one(['integer', 'text', 'date', 'timestamp', 'moment']), 2)})${filter}`;
    }
  }

  #column(kind: Kind): string {
    return `x.${this.#one(COLUMNS[kind])}`;
  }

  #expression(kind: Kind, depth: number): string {
    if (kind === 'truth') return this.#condition(depth);
    if (depth === 0 || this.#chance(0.3)) return this.#column(kind);
    const same = (): string => this.#expression(kind, depth - 1);
    if (this.#chance(0.15))
      return `case when ${this.#condition(1)} then ${this.#column(kind)}${this.#chance(0.5) ? ` else ${this.#column(kind)}` : ''} end`;
    if (this.#chance(0.1)) return `coalesce(${same()}, ${this.#column(kind)})`;
    switch (kind) {
      case 'integer':
        return this.#integer(depth);
      case 'numeric':
        return this.#one([
          `${same()} ${this.#one(['+', '-', '*'])} ${this.#column(kind)}`,
          `- (${same()})`,
          `abs(${same()})`,
          `${same()} * ${this.#one(['1.5', '0.01', '2'])}`,
          `x.${this.#one(['s', 'g'])} + ${same()}`,
        ]);
      case 'text':
        return this.#one([
          `${same()} || ${this.#one(["'x'", 'x.t', "''"])}`,
          `substring(${same()}, ${this.#below(5) - 1}, ${this.#below(4)})`,
          `left(${same()}, ${this.#below(5) - 2})`,
          `right(${same()}, ${this.#below(5) - 2})`,
        ]);
      case 'date':
        return this.#one([`${same()} + ${this.#below(500)}`, `${same()} - x.s`, 'x.ts::date', 'x.at::date']);
      case 'timestamp':
        return this.#one([`date_trunc('${this.#one(STEPS)}', ${same()})`, 'x.da::timestamp']);
      case 'moment':
        return `date_trunc('${this.#one(STEPS)}', ${same()})`;
    }
  }

  #integer(depth: number): string {
    const same = (): string => this.#expression('integer', depth - 1);
    return this.#one([
      `${same()} ${this.#one(['+', '-'])} ${this.#column('integer')}`,
      `x.s * x.g`,
      `${same()} ${this.#one(['/', '%'])} ${this.#one(['3', '7', '-2'])}`,
      `- (${same()})`,
      `abs(${same()})`,
      `length(${this.#expression('text', depth - 1)})`,
      `(${this.#expression('date', depth - 1)} - date '2020-03-01')`,
      `extract(${this.#one(FIELDS)} from ${this.#expression(this.#one(['date', 'timestamp', 'moment']), depth - 1)})`,
    ]);
  }

  #condition(depth: number): string {
    if (depth > 0 && this.#chance(0.3))
      return `(${this.#condition(depth - 1)} ${this.#one(['and', 'or'])} ${this.#condition(depth - 1)})`;
    if (this.#chance(0.1)) return `(not ${this.#condition(depth)})`;
    const kind = this.#one<Kind>(['integer', 'numeric', 'text', 'date', 'timestamp', 'moment']);
    const a = this.#expression(kind, depth);
    const b = this.#chance(0.5) ? this.#constant(kind) : this.#expression(kind, depth);
    switch (this.#below(7)) {
      case 0:
        return `(${a} is ${this.#one(['', 'not '])}null)`;
      case 1:
        return `(${a} is ${this.#one(['', 'not '])}distinct from ${b})`;
      case 2:
        return `(${a} ${this.#one(['', 'not '])}between ${this.#constant(kind)} and ${b})`;
      case 3:
        return `(${a} ${this.#one(['', 'not '])}in (${Array.from({ length: 1 + this.#below(6) }, () => this.#constant(kind)).join(', ')}))`;
      case 4:
        return kind === 'text'
          ? `(${a} ${this.#one(['', 'not '])}like '${this.#one(['a%', '%a', '%et%', '_a%', '', '%'])}')`
          : `(${a} < ${b})`;
      default:
        return `(${a} ${this.#one(['=', '<>', '<', '<=', '>', '>='])} ${b})`;
    }
  }

  #constant(kind: Kind): string {
    switch (kind) {
      case 'integer':
        return String(this.#below(60) - 20);
      case 'numeric':
        return this.#one(['0', '1.5', '-2.25', '0.0125', '7', '3.10']);
      case 'text':
        return this.#one(["'a'", "'al'", "'beta'", "''", "'ta'", "'é'"]);
      case 'date':
        return `date '2020-0${1 + this.#below(9)}-1${this.#below(10)}'`;
      case 'timestamp':
        return `timestamp '2020-0${1 + this.#below(9)}-1${this.#below(10)} 07:13'`;
      case 'moment':
        return `timestamptz '2020-0${1 + this.#below(9)}-1${this.#below(10)} 07:13+00'`;
      case 'truth':
        return this.#one(['true', 'false', 'null']);
    }
  }

  #below(count: number): number {
    return Math.floor(this.#random() * count);
  }

  #chance(of: number): boolean {
    return this.#random() < of;
  }

  #one<T>(list: readonly T[]): T {
    return list[this.#below(list.length)] as T;
  }
}
