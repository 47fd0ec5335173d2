declare const brand: unique symbol;

/** A primitive that the type system keeps apart from others of its kind: an Offset is not a number of rows. */
export type Brand<T, B extends string> = T & { readonly [brand]: B };

/** A place in one partition of the log: the number of records before it. */
export type Offset = Brand<number, 'Offset'>;
/** A partition of the log. */
export type Partition = Brand<number, 'Partition'>;
/** The number that a running engine holds by lease: 16 bits. */
export type ServerId = Brand<number, 'ServerId'>;
/** A UUIDv7 in its canonical 36 lower-case characters: compares in time order, is a Map key, and goes into events as it is. */
export type VersionId = Brand<string, 'VersionId'>;
/** Catalog object number, stable for the object's life, never reused; shown to clients as an oid. */
export type ObjectId = Brand<number, 'ObjectId'>;
