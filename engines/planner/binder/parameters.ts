import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { SqlType } from '#schemas/values/type.js';
import { sameKind, TYPES } from '#schemas/values/type-name.js';

/** The types of a statement's parameters: given by the client, or found where they are first used. */
export class ParameterTypes {
  readonly #types: Array<SqlType | null>;

  constructor(given: ReadonlyArray<SqlType | null>) {
    this.#types = given.map((type) => (type === null || type.kind === 'unknown' ? null : type));
  }

  typeOf(index: number): SqlType {
    while (this.#types.length <= index) this.#types.push(null);
    return this.#types[index] ?? TYPES.unknown;
  }

  /** The first use gives an untyped parameter its type; later uses have to live with it. */
  assign(index: number, type: SqlType): SqlType {
    const known = this.typeOf(index);
    if (known.kind !== 'unknown') return known;
    this.#types[index] = type;
    return type;
  }

  /** What nothing gave a type is text. Throws 42P18 for a gap that was never used. */
  finish(): SqlType[] {
    return this.#types.map((type) => type ?? TYPES.text);
  }

  /** Throws 42P08 when two uses want different types. */
  agree(index: number, type: SqlType): void {
    const known = this.typeOf(index);
    if (known.kind !== 'unknown' && !sameKind(known, type)) {
      throw new SqlError('ambiguous_parameter', `inconsistent types deduced for parameter $${index + 1}`);
    }
  }
}
