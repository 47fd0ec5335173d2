import type { Condition } from './conditions.js';

/** What a refusal may tell beyond its message; names follow PostgreSQL's error fields. */
export interface ErrorDetails {
  readonly detail?: string;
  readonly hint?: string;
  /** Ordinal of the token (0-based) in the statement at which the error stands; the gateway turns it into a character position. */
  readonly token?: number;
  /** 1-based character position in the statement, where it is already known. */
  readonly position?: number;
  /** What was being done, as PostgreSQL's CONTEXT tells it. */
  readonly where?: string;
  readonly schema?: string;
  readonly table?: string;
  readonly column?: string;
  readonly constraint?: string;
  readonly dataType?: string;
}

/** A refusal: clients, retries and tests go by `condition`, never by the text. */
export class SqlError extends Error {
  override readonly name: string = 'SqlError';
  readonly condition: Condition;
  readonly details: ErrorDetails;
  constructor(condition: Condition, message: string, details: ErrorDetails = {}) {
    super(message);
    this.condition = condition;
    this.details = details;
  }

  /** The same refusal, standing at a token of the statement unless it says already where it stands. */
  at(token: number): SqlError {
    return new SqlError(this.condition, this.message, { token, ...this.details });
  }
}
