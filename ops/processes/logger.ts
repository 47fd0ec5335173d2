import pino, { type Logger } from 'pino';

/**
 * The log of a process: one JSON object a line on standard error, written before the call returns, so that a process that ends has said
 * everything. What may be a secret does not go in; the paths below are the net under that.
 */
export function openLogger(name: string, level: string): Logger {
  return pino(
    {
      name,
      level,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: ['password', 'passwords', '*.password', '*.passwords', 'authorization', '*.authorization'] },
    },
    pino.destination({ fd: 2, sync: true }),
  );
}
