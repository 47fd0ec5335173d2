import { encodeProgram } from '#schemas/program/encode.js';
import { programHash } from '#schemas/program/program-hash.js';
import type { Statement } from '#schemas/program/statement.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import { Numeric } from '#schemas/values/numeric.js';
import type { Value } from '#schemas/values/value.js';
import { BoundedCache } from './bounded-cache.js';
import type { Dialect, LiftedToken, ParsedStatement } from './dialect.js';
import { characterPosition, scannedString } from './lexer.js';
import { integerType, isLiftable, literalType, numberValue } from './literal-lifter.js';
import type { LocalStatement } from './local-statement.js';
import { parseText, returnsRows } from './parse-text.js';
import { Scanner, TOKEN } from './scanner.js';

/** A literal that became a parameter. */
export interface LiftedLiteral {
  readonly type: LiftedToken['type'];
  /** Counted as the tokens of errors are. */
  readonly token: number;
}

/** One statement of a text, ready to be sent. */
export interface PreparedStatement {
  /** null: the gateway answers the statement in `local` itself. */
  readonly program: Uint8Array | null;
  /** programHash of the program; '' without one. */
  readonly hash: string;
  /** The client's own parameters $1 … $n. */
  readonly parameterCount: number;
  /** Parameters behind the client's: literal i is parameter `parameterCount + i`. Type `unknown` = a string in text form, as an untyped literal. */
  readonly lifted: readonly LiftedLiteral[];
  /** `local` when `program` is null. */
  readonly kind: Statement['kind'] | 'local';
  readonly tag: string;
  readonly returnsRows: boolean;
  readonly local: PreparedLocal | null;
  /** The statement itself where a gateway acts on it: BEGIN, COPY, SET and all else but queries and data changes, whose trees are not kept. */
  readonly statement: Statement | null;
  /** Ordinal in the text of the statement's first token; error tokens count from it. */
  readonly firstToken: number;
}

/** A local statement with the programs of the statements inside it. */
export type PreparedLocal =
  | {
      readonly kind: 'prepare';
      readonly name: string;
      readonly types: Extract<LocalStatement, { kind: 'prepare' }>['types'];
      readonly prepared: PreparedStatement;
      readonly token: number;
    }
  | {
      readonly kind: 'execute';
      readonly name: string;
      readonly literals: Extract<
        LocalStatement,
        { kind: 'execute' }
      >['literals'] /** SELECT of the arguments where they are not all literals. */;
      readonly query: PreparedStatement | null;
      readonly token: number;
    }
  | Extract<LocalStatement, { kind: 'deallocate' }>;

export interface PreparedText {
  readonly statements: readonly PreparedStatement[];
}

/** What a look-up answers: the shared part, and what this text has of its own. */
export interface Lookup {
  readonly prepared: PreparedText;
  /** For each statement the values of its lifted literals, in order. */
  readonly literals: ReadonlyArray<readonly Value[]>;
}

/**
 * Texts with more literals than this are parsed afresh and keep their literals: they are bulk loads, whose shapes seldom come twice, and whose
 * programs would cost more room than they save time.
 */
const LITERALS_MAX = 256;
/** Longer texts are not looked up, for the same reason. */
const TEXT_LENGTH_MAX = 16_384;

/** Where a literal of a shape goes. */
interface Slot {
  readonly statement: number;
  readonly negated: boolean;
}

/** A shape: a text with its literals cut out. */
interface Shape {
  /** For every literal of the text in order; null = it stays in the program, and its text is part of a second key. */
  readonly slots: ReadonlyArray<Slot | null>;
  /** null when some literal is structural: the texts of these lead to the program. */
  readonly prepared: PreparedText | null;
}

const NO_LITERALS: readonly Value[] = [];

/**
 * From SQL text to programs. A look-up scans the text once; when only its lifted literals differ from a text seen before it costs no
 * parse. Owns the cached shapes, bounded by number and bytes. Not cached: texts that do not parse, bulk loads, and texts that may hold a password.
 *
 * Invariant: two texts of one shape (equal but for the literals that can be lifted, and these pairwise of one type) have their literals
 * lifted or kept at the same places. LiteralLifter decides by place and type alone.
 */
export class StatementCache {
  private readonly dialect: Dialect;
  private readonly shapes: BoundedCache<Shape>;
  /** Programs by shape and the texts of its structural literals. */
  private readonly structural: BoundedCache<PreparedText>;
  /** Programs without lifting, by their text. */
  private readonly fixed: BoundedCache<PreparedText>;
  hits = 0;
  misses = 0;

  /** Each of the three maps keeps at most `entriesMax` entries and about `bytesMax` bytes. */
  constructor(dialect: Dialect, entriesMax = 5000, bytesMax = 32 * 1024 * 1024) {
    this.dialect = dialect;
    this.shapes = new BoundedCache(entriesMax, bytesMax);
    this.structural = new BoundedCache(entriesMax, bytesMax);
    this.fixed = new BoundedCache(entriesMax, bytesMax);
  }

  /** Programs of a text in which literals are parameters. For texts that run once. Throws SqlError with a position. */
  lookup(text: string): Lookup {
    if (text.length > TEXT_LENGTH_MAX) return this.uncached(text);
    const scan = new ShapeScan(text, this.dialect);
    if (!scan.run()) return this.uncached(text);
    const shape = this.shapes.get(scan.key);
    if (shape === undefined) return this.learn(text, scan);
    const prepared = shape.prepared ?? this.structural.get(scan.structuralKey(shape.slots));
    if (prepared === undefined) return this.learn(text, scan);
    this.hits++;
    return { prepared, literals: literalsOf(scan, shape.slots, prepared) };
  }

  /** Programs of a text in which literals stay: for prepared statements, whose plans know them. */
  lookupFixed(text: string): PreparedText {
    const known = this.fixed.get(text);
    if (known !== undefined) {
      this.hits++;
      return known;
    }
    this.misses++;
    const prepared = prepare(parseText(text, this.dialect, false), this.dialect);
    if (!isSecret(prepared)) this.fixed.set(text, prepared, 2 * text.length + sizeOf(prepared));
    return prepared;
  }

  /** 1-based character position in `text` of token `token` of `statement`; 0 = nowhere. */
  position(text: string, statement: PreparedStatement, token: number): number {
    return token < 0 ? 0 : characterPosition(text, statement.firstToken + token, this.dialect.lexicon);
  }

  private uncached(text: string): Lookup {
    this.misses++;
    const prepared = prepare(parseText(text, this.dialect, false), this.dialect);
    return { prepared, literals: prepared.statements.map(() => NO_LITERALS) };
  }

  private learn(text: string, scan: ShapeScan): Lookup {
    this.misses++;
    const parsed = parseText(text, this.dialect, true);
    const prepared = prepare(parsed, this.dialect);
    const slots = slotsOf(parsed, scan);
    if (isSecret(prepared)) return { prepared, literals: literalsOf(scan, slots, prepared) };
    const isWhole = slots.every((slot) => slot !== null);
    const bytes = 2 * scan.key.length + 64 * slots.length;
    this.shapes.set(
      scan.key,
      { slots, prepared: isWhole ? prepared : null },
      isWhole ? bytes + sizeOf(prepared) : bytes,
    );
    if (!isWhole) {
      const key = scan.structuralKey(slots);
      this.structural.set(key, prepared, 2 * key.length + sizeOf(prepared));
    }
    return { prepared, literals: literalsOf(scan, slots, prepared) };
  }
}

/** Marks of literals in a key. No token begins with a control character, so no text that parses has these where a literal stands. */
const MARKS = { unknown: '\u0001', integer: '\u0002', bigint: '\u0003', numeric: '\u0004' } as const;

/** One walk over a text: its key, and the literals cut out of it. */
class ShapeScan {
  readonly text: string;
  private readonly dialect: Dialect;
  key = '';
  readonly types: LiftedToken['type'][] = [];
  readonly values: Value[] = [];
  /** Ordinals of the literals' tokens. */
  readonly tokens: number[] = [];
  private readonly bounds: number[] = [];

  constructor(text: string, dialect: Dialect) {
    this.text = text;
    this.dialect = dialect;
  }

  /** False when the text has too many literals, or a token that is wrong in itself: the parser tells whether that comes first. */
  run(): boolean {
    try {
      return this.walk();
    } catch (error) {
      if (error instanceof SqlError) return false;
      throw error;
    }
  }

  private walk(): boolean {
    const scanner = new Scanner(this.text, this.dialect.lexicon);
    let key = '';
    let copied = 0;
    for (let ordinal = 0; ; ordinal++) {
      const kind = scanner.next();
      if (kind === TOKEN.end) break;
      if (kind !== TOKEN.integer && kind !== TOKEN.string && kind !== TOKEN.decimal) continue;
      const { start, end } = scanner;
      let type: LiftedToken['type'] = 'unknown';
      let value: Value;
      if (kind === TOKEN.string) value = scannedString(scanner, this.dialect.lexicon);
      else {
        const digits = this.text.slice(start, end);
        const numberType = kind === TOKEN.integer ? integerType(digits) : 'numeric';
        if (!isLiftable(numberType, digits)) continue;
        type = numberType;
        value = numberValue(digits, numberType);
      }
      if (this.types.length === LITERALS_MAX) return false;
      key += this.text.slice(copied, start) + MARKS[type];
      copied = end;
      this.types.push(type);
      this.values.push(value);
      this.tokens.push(ordinal);
      this.bounds.push(start, end);
    }
    this.key = copied === 0 ? this.text : key + this.text.slice(copied);
    return true;
  }

  /** The key with the texts of all literals that no slot takes. */
  structuralKey(slots: ReadonlyArray<Slot | null>): string {
    // Lengths before the parts: no two lists of parts give one key.
    let key = `${this.key.length}:${this.key}`;
    for (let i = 0; i < slots.length; i++) {
      if (slots[i] !== null) continue;
      const literal = this.text.slice(this.bounds[2 * i], this.bounds[2 * i + 1]);
      key += `${literal.length}:${literal}`;
    }
    return key;
  }
}

function slotsOf(parsed: readonly ParsedStatement[], scan: ShapeScan): Array<Slot | null> {
  const byToken = new Map<number, Slot>();
  for (const [statement, { lifted }] of parsed.entries())
    for (const { token, negated } of lifted) byToken.set(token, { statement, negated });
  return scan.tokens.map((token) => byToken.get(token) ?? null);
}

function literalsOf(
  scan: ShapeScan,
  slots: ReadonlyArray<Slot | null>,
  prepared: PreparedText,
): ReadonlyArray<readonly Value[]> {
  // The hot path: one statement, one array.
  if (prepared.statements.length === 1) {
    const values: Value[] = [];
    for (let i = 0; i < slots.length; i++) {
      const slot = slots[i];
      if (slot) values.push(slot.negated ? negate(scan.values[i] ?? null) : (scan.values[i] ?? null));
    }
    return [values];
  }
  const lists: Value[][] = prepared.statements.map(() => []);
  for (const [i, slot] of slots.entries()) {
    const value = scan.values[i] ?? null;
    if (slot !== null) lists[slot.statement]?.push(slot.negated ? negate(value) : value);
  }
  return lists;
}

function negate(value: Value): Value {
  if (typeof value === 'number') return value === 0 ? 0 : -value;
  if (typeof value === 'bigint') return -value;
  return value instanceof Numeric ? new Numeric(-value.unscaled, value.scale, value.special) : value;
}

function prepare(parsed: readonly ParsedStatement[], dialect: Dialect): PreparedText {
  return { statements: parsed.map((statement) => prepareStatement(statement, dialect)) };
}

function prepareStatement(parsed: ParsedStatement, dialect: Dialect): PreparedStatement {
  const { statement, local, parameterCount, tag, returnsRows, firstToken } = parsed;
  const common = { parameterCount, tag, returnsRows, firstToken };
  if (statement === null) {
    const inner = local === null ? null : prepareLocal(local, firstToken, dialect);
    return { ...common, program: null, hash: '', lifted: [], kind: 'local', local: inner, statement };
  }
  const program = encodeProgram(
    statement,
    parsed.lifted.map(({ type }) => literalType(type)),
  );
  const lifted = parsed.lifted.map(({ type, token }) => ({ type, token: token - firstToken }));
  const { kind } = statement;
  const isData = kind === 'query' || kind === 'insert' || kind === 'update' || kind === 'delete';
  return {
    ...common,
    program,
    hash: programHash(program),
    lifted,
    kind,
    local: null,
    statement: isData ? null : statement,
  };
}

function prepareLocal(local: LocalStatement, firstToken: number, dialect: Dialect): PreparedLocal {
  const inner = (statement: Statement, parameterCount: number): PreparedStatement =>
    prepareStatement(
      {
        statement,
        local: null,
        firstToken,
        parameterCount,
        lifted: [],
        tag: dialect.tag(statement),
        returnsRows: returnsRows(statement),
      },
      dialect,
    );
  const { token } = local;
  switch (local.kind) {
    case 'prepare':
      return {
        kind: 'prepare',
        name: local.name,
        types: local.types,
        prepared: inner(local.statement, local.parameterCount),
        token,
      };
    case 'execute':
      return {
        kind: 'execute',
        name: local.name,
        literals: local.literals,
        query: local.query === null ? null : inner(local.query, 0),
        token,
      };
    case 'deallocate':
      return local;
  }
}

/** A text that may hold a password is not kept: memory outlives its use, and core dumps outlive memory. */
function isSecret({ statements }: PreparedText): boolean {
  return statements.some(({ kind }) => kind === 'create-user' || kind === 'alter-user');
}

/** Bytes that a text's programs hold, with what surrounds them. */
function sizeOf(prepared: PreparedText): number {
  return prepared.statements.reduce(
    (bytes, { program, lifted }) => bytes + 500 + (program?.length ?? 0) + 40 * lifted.length,
    0,
  );
}
