import type { EventShape } from '#schemas/events/event.js';
import type { MaybePromise } from '../rows/reading.js';

/**
 * Where event schemas are registered. Called before the first row of a shape is written; afterwards rows of that table and schema version can be encoded. A shape
 * that the registry refuses (an incompatible change) rejects with a SqlError, and the DDL fails with it.
 */
export interface SchemaRegistrar {
  /** The schema's id. Registering the same shape again gives the same id. */
  register(shape: EventShape): MaybePromise<number>;
}
