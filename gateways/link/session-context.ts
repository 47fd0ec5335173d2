import type { StatementContext } from './statement-contexts.js';

/**
 * The statements that a session may use: those of its database, user and search_path, which it shares, or its own, while its open transaction
 * has changed the catalog.
 */
export class SessionContext {
  readonly #shared: () => StatementContext;
  #own: StatementContext | null = null;
  current: StatementContext;

  /** `shared` answers with the context of the session's present settings. */
  constructor(shared: () => StatementContext) {
    this.#shared = shared;
    this.current = shared();
  }

  /** The settings have changed. */
  renew(): void {
    this.current = this.#own ?? this.#shared();
  }

  /** From now on the session's statements are in `own`, an empty context. */
  separate(own: StatementContext): void {
    this.#own?.clear();
    this.#own = own;
    this.current = own;
  }

  /** The transaction is over. */
  rejoin(): void {
    if (this.#own === null) return;
    this.#own.clear();
    this.#own = null;
    this.current = this.#shared();
  }
}
