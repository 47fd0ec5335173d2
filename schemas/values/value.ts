import type { Interval } from './interval.js';
import type { Numeric } from './numeric.js';

/**
 * The one internal form of every SQL value. SQL NULL is `null`.
 *
 *   boolean                 boolean
 *   smallint, integer, oid  number (an integer); regclass, regtype, regproc likewise (the oid)
 *   bigint                  bigint
 *   real, double            number (real is kept rounded by Math.fround); NaN and infinities are values
 *   numeric                 Numeric (exact, keeps its display scale; NaN, Infinity, -Infinity)
 *   text, varchar, char, name, internalchar   string (char(n) is kept without its trailing pad spaces)
 *   bytea                   Uint8Array
 *   date                    number: days since 1970-01-01; +Infinity and -Infinity are 'infinity' and '-infinity'
 *   time                    number: microseconds since midnight, 0 to 86_400_000_000
 *   timetz                  string in PostgreSQL's text form (kept only so that clients can cast it)
 *   timestamp, timestamptz  bigint: microseconds since 1970-01-01 00:00 UTC; INT64_MAX and INT64_MIN are the infinities
 *   interval                Interval (months, days, micros)
 *   uuid                    string: 36 characters, lower case
 *   json                    string: the text as given
 *   jsonb                   string: canonical text as PostgreSQL prints it (keys by length then bytes, no duplicates)
 *   array                   SqlArray (null elements allowed); one-dimensional unless elements are arrays
 */
export type Value = null | boolean | number | bigint | string | Uint8Array | Numeric | Interval | SqlArray;

export type SqlArray = readonly Value[];

/** The values of one row in slot order. */
export type Row = readonly Value[];

/** timestamp 'infinity' and '-infinity'. */
export const TIMESTAMP_INFINITY = 0x7fff_ffff_ffff_ffffn;
export const TIMESTAMP_NEGATIVE_INFINITY = -0x8000_0000_0000_0000n;
