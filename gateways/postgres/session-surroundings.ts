import type { Socket } from 'node:net';
import type { Clock } from '#schemas/kernel/ports.js';
import type { EngineLink } from '../link/engine-link.js';
import type { Input } from './input.js';
import type { Output } from './output.js';
import type { StatementSource } from './statement-source.js';
import type { TextFormats } from './text-formats.js';

/** What all sessions of a gateway share. */
export interface SessionSurroundings {
  readonly link: EngineLink;
  readonly clock: Clock;
  readonly formats: TextFormats;
  /** Answers a bug where bugs are logged. */
  readonly onBug: (error: unknown) => void;
}

export interface SessionStart {
  readonly socket: Socket;
  readonly output: Output;
  readonly input: Input;
  readonly number: number;
  readonly user: string;
  readonly database: string;
  readonly source: StatementSource;
  readonly settings: Readonly<Record<string, string>>;
}
