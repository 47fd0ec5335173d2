/**
 * Random queries over three small tables, for comparing answers. Every query orders by all of its columns, so that answers compare line by line, and nothing in
 * it can fail: no division, no numbers that grow.
 */

/** Tables whose columns repeat values and hold nulls: what joins, groups and three-valued logic trip over. */
export const RANDOM_TABLES: readonly string[] = [
  'create table r1 (a integer primary key, b integer, c text, d boolean)',
  'create table r2 (a integer, b integer, c text, d boolean, primary key (a, b))',
  'create table r3 (a integer, b bigint, c varchar(10), d boolean)',
  'create index r1_b on r1 (b)',
  'create index r2_c on r2 (c, b desc)',
  'create unique index r3_ab on r3 (a, b)',
  `insert into r1 select g, case when g % 5 = 0 then null else g % 7 end, case when g % 6 = 0 then null else substr('abcabd', 1 + g % 4, 1 + g % 3) end, case g % 3 when 0 then true when 1 then false end from generate_series(1, 30) g`,
  `insert into r2 select g % 6, g, case when g % 4 = 0 then null else substr('bcdabc', 1 + g % 5, 1 + g % 2) end, g % 2 = 0 from generate_series(1, 24) g`,
  `insert into r3 select case when g % 7 = 0 then null else g % 9 end, case when g % 5 = 0 then null else g end, case when g % 3 = 0 then null else substr('cab', 1 + g % 3, 1) end, case g % 4 when 0 then true when 1 then false when 2 then null else true end from generate_series(1, 20) g`,
];

type Kind = 'number' | 'text' | 'truth';

interface Column {
  readonly text: string;
  readonly kind: Kind;
}

const TABLES = ['r1', 'r2', 'r3'] as const;
const COLUMNS: ReadonlyArray<readonly [string, Kind]> = [
  ['a', 'number'],
  ['b', 'number'],
  ['c', 'text'],
  ['d', 'truth'],
];

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

/** The query of a seed. */
export function randomQuery(seed: number): string {
  return new QueryMaker(generator(seed)).query();
}

class QueryMaker {
  readonly #random: () => number;
  #aliases = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  query(): string {
    const width = 1 + this.#below(3);
    const kinds = Array.from({ length: width }, () => this.#pick<Kind>(['number', 'text', 'truth']));
    const body = this.#chance(0.2) ? this.#setOperation(kinds) : this.#select(kinds, [], 2);
    const order = kinds
      .map((_, i) => `${i + 1}${this.#chance(0.3) ? ' desc' : ''}${this.#chance(0.2) ? ' nulls first' : ''}`)
      .join(', ');
    const limit = this.#chance(0.3)
      ? ` limit ${this.#below(12)}${this.#chance(0.4) ? ` offset ${this.#below(5)}` : ''}`
      : '';
    return `${body} order by ${order}${limit}`;
  }

  #setOperation(kinds: readonly Kind[]): string {
    const operation = `${this.#pick(['union', 'intersect', 'except'])}${this.#chance(0.4) ? ' all' : ''}`;
    return `${this.#select(kinds, [], 1)} ${operation} ${this.#select(kinds, [], 1)}`;
  }

  /** `outer` are columns of enclosing queries. */
  #select(kinds: readonly Kind[], outer: readonly Column[], depth: number): string {
    const { from, columns } = this.#from(outer, depth);
    const inReach = [...columns, ...columns, ...outer];
    const where = this.#chance(0.7) ? ` where ${this.#truth(inReach, depth)}` : '';
    if (this.#chance(0.3)) return this.#grouped(kinds, columns, from + where, depth);
    const distinct = this.#chance(0.2) ? 'distinct ' : '';
    return `select ${distinct}${kinds.map((k, i) => `${this.#expression(k, inReach, depth)} as x${i}`).join(', ')} from ${from}${where}`;
  }

  #grouped(kinds: readonly Kind[], columns: readonly Column[], from: string, depth: number): string {
    const keys = Array.from({ length: this.#below(3) }, () => this.#pick(columns));
    const items = kinds.map((kind, i) => {
      const fitting = keys.filter((k) => k.kind === kind);
      return `${fitting.length > 0 && this.#chance(0.5) ? this.#pick(fitting).text : this.#aggregate(kind, columns, depth)} as x${i}`;
    });
    const by = keys.length > 0 ? ` group by ${[...new Set(keys.map((k) => k.text))].join(', ')}` : '';
    const having = this.#chance(0.3)
      ? ` having ${this.#aggregate('number', columns, depth)} ${this.#comparison()} ${this.#below(8)}`
      : '';
    // Without a key or an aggregate in sight this must still be a grouped query.
    const forced = keys.length === 0 && having === '' ? ' having count(*) >= 0' : '';
    return `select ${items.join(', ')} from ${from}${by}${having}${forced}`;
  }

  #aggregate(kind: Kind, columns: readonly Column[], depth: number): string {
    const filter = this.#chance(0.2) ? ` filter (where ${this.#truth(columns, 0)})` : '';
    switch (kind) {
      case 'number':
        return this.#chance(0.3)
          ? `count(*)${filter}`
          : `${this.#pick(['sum', 'min', 'max', 'count', 'count'])}(${this.#chance(0.2) ? 'distinct ' : ''}${this.#expression('number', columns, Math.min(depth, 0))})${filter}`;
      case 'text':
        return `${this.#pick(['min', 'max'])}(${this.#expression('text', columns, 0)})${filter}`;
      case 'truth':
        return `${this.#pick(['bool_and', 'bool_or'])}(${this.#truth(columns, 0)})${filter}`;
    }
  }

  #from(outer: readonly Column[], depth: number): { readonly from: string; readonly columns: readonly Column[] } {
    let { from, columns } = this.#relation(depth);
    const joins = this.#pick([0, 0, 1, 1, 2]);
    for (let i = 0; i < joins; i++) {
      const right = this.#relation(depth);
      const both = [...columns, ...right.columns];
      const type = this.#pick(['join', 'join', 'left join', 'right join', 'full join', 'cross join']);
      // PostgreSQL takes only conditions that it can hash or merge for FULL JOIN.
      const on =
        type === 'cross join'
          ? ''
          : ` on ${this.#equality(columns, right.columns)}${type === 'full join' || this.#chance(0.6) ? '' : ` and ${this.#truth([...both, ...outer], 0)}`}`;
      from = `${from} ${type} ${right.from}${on}`;
      columns = both;
    }
    return { from, columns };
  }

  #relation(depth: number): { readonly from: string; readonly columns: readonly Column[] } {
    const alias = `t${this.#aliases++}`;
    if (depth > 0 && this.#chance(0.15)) {
      const kinds = [this.#pick<Kind>(['number', 'text']), 'number' as const];
      const columns = kinds.map((kind, i) => ({ text: `${alias}.x${i}`, kind }));
      return { from: `(${this.#select(kinds, [], depth - 1)}) ${alias}`, columns };
    }
    return {
      from: `${this.#pick(TABLES)} ${alias}`,
      columns: COLUMNS.map(([name, kind]) => ({ text: `${alias}.${name}`, kind })),
    };
  }

  #equality(left: readonly Column[], right: readonly Column[]): string {
    const kind = this.#pick<Kind>(['number', 'number', 'text']);
    const a = left.filter((c) => c.kind === kind);
    const b = right.filter((c) => c.kind === kind);
    if (a.length === 0 || b.length === 0)
      return `${this.#pick(left.filter((c) => c.kind === 'number')).text} = ${this.#pick(right.filter((c) => c.kind === 'number')).text}`;
    return `${this.#pick(a).text} = ${this.#pick(b).text}`;
  }

  #expression(kind: Kind, columns: readonly Column[], depth: number): string {
    switch (kind) {
      case 'number':
        return this.#number(columns, depth);
      case 'text':
        return this.#textual(columns, depth);
      case 'truth':
        return this.#truth(columns, depth);
    }
  }

  #number(columns: readonly Column[], depth: number): string {
    const column = (): string => this.#column('number', columns) ?? String(this.#below(9));
    switch (this.#below(depth > 0 ? 9 : 6)) {
      case 0:
        return String(this.#below(9));
      case 1:
        return `(${column()} ${this.#pick(['+', '-', '*'])} ${1 + this.#below(3)})`;
      case 2:
        return `coalesce(${column()}, ${this.#below(5)})`;
      case 3:
        return `case when ${this.#simpleTruth(columns)} then ${column()} else ${column()} end`;
      case 6:
        return `(select count(*) from ${this.#correlated(columns)})`;
      case 7:
        return `(select max(z.b) from ${this.#correlated(columns)})`;
      default:
        return column();
    }
  }

  /** A table z with a condition that may reach out of the subquery. */
  #correlated(columns: readonly Column[]): string {
    const own: readonly Column[] = COLUMNS.map(([name, kind]) => ({ text: `z.${name}`, kind }));
    return `${this.#pick(TABLES)} z where ${this.#simpleTruth([...own, ...columns])}${this.#chance(0.5) ? ` and ${this.#equality(own, [...columns, { text: 'z.a', kind: 'number' }])}` : ''}`;
  }

  #textual(columns: readonly Column[], depth: number): string {
    const column = (): string => this.#column('text', columns) ?? `'b'`;
    switch (this.#below(depth > 0 ? 5 : 4)) {
      case 0:
        return `(${column()} || ${this.#pick([`'x'`, `''`, column()])})`;
      case 1:
        return `${this.#pick(['upper', 'lower'])}(${column()})`;
      case 2:
        return `nullif(${column()}, 'a')`;
      default:
        return column();
    }
  }

  #simpleTruth(columns: readonly Column[]): string {
    const a = this.#column('number', columns) ?? '1';
    const b = this.#column('number', columns) ?? '2';
    const t = this.#column('text', columns) ?? `'a'`;
    switch (this.#below(7)) {
      case 0:
        return `${a} ${this.#comparison()} ${b}`;
      case 1:
        return `${a} ${this.#comparison()} ${this.#below(9)}`;
      case 2:
        return `${a} is ${this.#chance(0.5) ? 'not ' : ''}null`;
      case 3:
        return `${t} ${this.#comparison()} '${this.#pick(['a', 'b', 'ab', 'c'])}'`;
      case 4:
        return `${a} between ${this.#below(5)} and ${2 + this.#below(7)}`;
      case 5:
        return `${a} in (${this.#below(9)}, ${this.#below(9)}${this.#chance(0.2) ? ', null' : ''})`;
      default:
        return this.#column('truth', columns) ?? `${t} like '${this.#pick(['a%', '%b', '_', '%'])}'`;
    }
  }

  #truth(columns: readonly Column[], depth: number): string {
    if (depth <= 0) return this.#simpleTruth(columns);
    const part = (): string => this.#truth(columns, depth - 1);
    const number = (): string => this.#column('number', columns) ?? '3';
    switch (this.#below(11)) {
      case 0:
        return `(${part()} and ${part()})`;
      case 1:
        return `(${part()} or ${part()})`;
      case 2:
        return `(not ${part()})`;
      case 3:
        return `(${part()}) is ${this.#pick(['true', 'not true', 'false', 'unknown', 'not unknown'])}`;
      case 4:
        return `${this.#chance(0.4) ? 'not ' : ''}exists (select 1 from ${this.#correlated(columns)})`;
      case 5:
        return `${number()} ${this.#chance(0.4) ? 'not ' : ''}in (select z.${this.#pick(['a', 'b'])} from ${this.#correlated(columns)})`;
      case 6:
        return `${number()} ${this.#comparison()} ${this.#pick(['any', 'all'])} (select z.b from ${this.#correlated(columns)})`;
      case 7:
        return `${number()} is ${this.#chance(0.5) ? 'not ' : ''}distinct from ${number()}`;
      default:
        return this.#simpleTruth(columns);
    }
  }

  #column(kind: Kind, columns: readonly Column[]): string | null {
    const fitting = columns.filter((c) => c.kind === kind);
    return fitting.length === 0 ? null : this.#pick(fitting).text;
  }

  #comparison(): string {
    return this.#pick(['=', '=', '<>', '<', '<=', '>', '>=']);
  }

  #chance(probability: number): boolean {
    return this.#random() < probability;
  }

  #below(count: number): number {
    return Math.floor(this.#random() * count);
  }

  #pick<T>(items: readonly T[]): T {
    return items[this.#below(items.length)] as T;
  }
}
