import type { ResultColumn } from '#schemas/link/frames.js';
import type { SqlType } from '#schemas/values/type.js';

/** A statement that the engine knows by number, with what it told of it. */
export interface BoundStatement {
  readonly number: number;
  readonly parameters: readonly SqlType[];
  /** null = returns no rows. */
  readonly columns: readonly ResultColumn[] | null;
  /** The engine no longer knows the number: prepare again. */
  forgotten: boolean;
}

/** More shapes than an application has; beyond it the oldest is forgotten. */
const STATEMENTS_MAX = 4_096;
/** search_path is the client's to choose, so contexts have to be bounded as well. */
const CONTEXTS_MAX = 256;

/** Statements that sessions of one database, user and search_path share, by the key of their shape. */
export class StatementContext {
  /** The oldest first. */
  readonly #statements = new Map<string, BoundStatement>();
  readonly #forget: (statement: number) => void;

  constructor(forget: (statement: number) => void) {
    this.#forget = forget;
  }

  get(key: string): BoundStatement | undefined {
    return this.#statements.get(key);
  }

  /** Keeps `statement` unless another session was faster; answers the one that is kept. */
  add(key: string, statement: BoundStatement): BoundStatement {
    const first = this.#statements.get(key);
    if (first !== undefined) {
      this.#discard(statement);
      return first;
    }
    this.#statements.set(key, statement);
    if (this.#statements.size > STATEMENTS_MAX) {
      for (const [oldest, old] of this.#statements) {
        this.#statements.delete(oldest);
        this.#discard(old);
        break;
      }
    }
    return statement;
  }

  /** The engine says that `statement` is stale. */
  drop(key: string, statement: BoundStatement): void {
    if (this.#statements.get(key) === statement) this.#statements.delete(key);
    this.#discard(statement);
  }

  clear(): void {
    for (const statement of this.#statements.values()) this.#discard(statement);
    this.#statements.clear();
  }

  #discard(statement: BoundStatement): void {
    if (statement.forgotten) return;
    statement.forgotten = true;
    this.#forget(statement.number);
  }
}

/** All contexts of one link connection. */
export class StatementContexts {
  readonly #contexts = new Map<string, StatementContext>();
  readonly #forget: (statement: number) => void;

  constructor(forget: (statement: number) => void) {
    this.#forget = forget;
  }

  of(database: string, user: string, searchPath: string): StatementContext {
    const key = JSON.stringify([database, user, searchPath]);
    let context = this.#contexts.get(key);
    if (context === undefined) {
      context = new StatementContext(this.#forget);
      this.#contexts.set(key, context);
      if (this.#contexts.size > CONTEXTS_MAX) this.#dropOldest();
    }
    return context;
  }

  /** A context that nobody shares. */
  own(): StatementContext {
    return new StatementContext(this.#forget);
  }

  /** All statements have to be prepared again. */
  clear(): void {
    for (const context of this.#contexts.values()) context.clear();
  }

  #dropOldest(): void {
    for (const [key, context] of this.#contexts) {
      this.#contexts.delete(key);
      context.clear();
      return;
    }
  }
}
