import type { Cells } from '../virtual-table.js';

/**
 * The functions by which PostgreSQL reads and prints types, under its own numbers (pg_proc.dat): clients tell arrays from other types by their
 * names, and types by those of their functions. They can be named and not be called.
 */
interface TypeFunctions {
  readonly input: readonly [oid: number, name: string];
  readonly output: readonly [oid: number, name: string];
  readonly receive: readonly [oid: number, name: string];
  readonly send: readonly [oid: number, name: string];
  readonly modifierInput?: readonly [oid: number, name: string];
  readonly modifierOutput?: readonly [oid: number, name: string];
}

/** By pg_type.typname; arrays of all types have those of `_`. */
const TYPE_FUNCTIONS: Readonly<Record<string, TypeFunctions>> = {
  _: {
    input: [750, 'array_in'],
    output: [751, 'array_out'],
    receive: [2400, 'array_recv'],
    send: [2401, 'array_send'],
  },
  bool: {
    input: [1242, 'boolin'],
    output: [1243, 'boolout'],
    receive: [2436, 'boolrecv'],
    send: [2437, 'boolsend'],
  },
  bpchar: {
    input: [1044, 'bpcharin'],
    output: [1045, 'bpcharout'],
    receive: [2430, 'bpcharrecv'],
    send: [2431, 'bpcharsend'],
    modifierInput: [2913, 'bpchartypmodin'],
    modifierOutput: [2914, 'bpchartypmodout'],
  },
  bytea: {
    input: [1244, 'byteain'],
    output: [31, 'byteaout'],
    receive: [2412, 'bytearecv'],
    send: [2413, 'byteasend'],
  },
  char: {
    input: [1245, 'charin'],
    output: [33, 'charout'],
    receive: [2434, 'charrecv'],
    send: [2435, 'charsend'],
  },
  date: {
    input: [1084, 'date_in'],
    output: [1085, 'date_out'],
    receive: [2468, 'date_recv'],
    send: [2469, 'date_send'],
  },
  float4: {
    input: [200, 'float4in'],
    output: [201, 'float4out'],
    receive: [2424, 'float4recv'],
    send: [2425, 'float4send'],
  },
  float8: {
    input: [214, 'float8in'],
    output: [215, 'float8out'],
    receive: [2426, 'float8recv'],
    send: [2427, 'float8send'],
  },
  int2: {
    input: [38, 'int2in'],
    output: [39, 'int2out'],
    receive: [2404, 'int2recv'],
    send: [2405, 'int2send'],
  },
  int4: {
    input: [42, 'int4in'],
    output: [43, 'int4out'],
    receive: [2406, 'int4recv'],
    send: [2407, 'int4send'],
  },
  int8: {
    input: [460, 'int8in'],
    output: [461, 'int8out'],
    receive: [2408, 'int8recv'],
    send: [2409, 'int8send'],
  },
  interval: {
    input: [1160, 'interval_in'],
    output: [1161, 'interval_out'],
    receive: [2478, 'interval_recv'],
    send: [2479, 'interval_send'],
    modifierInput: [2903, 'intervaltypmodin'],
    modifierOutput: [2904, 'intervaltypmodout'],
  },
  json: {
    input: [321, 'json_in'],
    output: [322, 'json_out'],
    receive: [323, 'json_recv'],
    send: [324, 'json_send'],
  },
  jsonb: {
    input: [3806, 'jsonb_in'],
    output: [3804, 'jsonb_out'],
    receive: [3805, 'jsonb_recv'],
    send: [3803, 'jsonb_send'],
  },
  name: {
    input: [34, 'namein'],
    output: [35, 'nameout'],
    receive: [2422, 'namerecv'],
    send: [2423, 'namesend'],
  },
  numeric: {
    input: [1701, 'numeric_in'],
    output: [1702, 'numeric_out'],
    receive: [2460, 'numeric_recv'],
    send: [2461, 'numeric_send'],
    modifierInput: [2917, 'numerictypmodin'],
    modifierOutput: [2918, 'numerictypmodout'],
  },
  oid: {
    input: [1798, 'oidin'],
    output: [1799, 'oidout'],
    receive: [2418, 'oidrecv'],
    send: [2419, 'oidsend'],
  },
  record: {
    input: [2290, 'record_in'],
    output: [2291, 'record_out'],
    receive: [2402, 'record_recv'],
    send: [2403, 'record_send'],
  },
  regclass: {
    input: [2218, 'regclassin'],
    output: [2219, 'regclassout'],
    receive: [2452, 'regclassrecv'],
    send: [2453, 'regclasssend'],
  },
  regproc: {
    input: [44, 'regprocin'],
    output: [45, 'regprocout'],
    receive: [2444, 'regprocrecv'],
    send: [2445, 'regprocsend'],
  },
  regtype: {
    input: [2220, 'regtypein'],
    output: [2221, 'regtypeout'],
    receive: [2454, 'regtyperecv'],
    send: [2455, 'regtypesend'],
  },
  text: {
    input: [46, 'textin'],
    output: [47, 'textout'],
    receive: [2414, 'textrecv'],
    send: [2415, 'textsend'],
  },
  time: {
    input: [1143, 'time_in'],
    output: [1144, 'time_out'],
    receive: [2470, 'time_recv'],
    send: [2471, 'time_send'],
    modifierInput: [2909, 'timetypmodin'],
    modifierOutput: [2910, 'timetypmodout'],
  },
  timestamp: {
    input: [1312, 'timestamp_in'],
    output: [1313, 'timestamp_out'],
    receive: [2474, 'timestamp_recv'],
    send: [2475, 'timestamp_send'],
    modifierInput: [2905, 'timestamptypmodin'],
    modifierOutput: [2906, 'timestamptypmodout'],
  },
  timestamptz: {
    input: [1150, 'timestamptz_in'],
    output: [1151, 'timestamptz_out'],
    receive: [2476, 'timestamptz_recv'],
    send: [2477, 'timestamptz_send'],
    modifierInput: [2907, 'timestamptztypmodin'],
    modifierOutput: [2908, 'timestamptztypmodout'],
  },
  timetz: {
    input: [1350, 'timetz_in'],
    output: [1351, 'timetz_out'],
    receive: [2472, 'timetz_recv'],
    send: [2473, 'timetz_send'],
    modifierInput: [2911, 'timetztypmodin'],
    modifierOutput: [2912, 'timetztypmodout'],
  },
  unknown: {
    input: [109, 'unknownin'],
    output: [110, 'unknownout'],
    receive: [2416, 'unknownrecv'],
    send: [2417, 'unknownsend'],
  },
  uuid: {
    input: [2952, 'uuid_in'],
    output: [2953, 'uuid_out'],
    receive: [2961, 'uuid_recv'],
    send: [2962, 'uuid_send'],
  },
  varchar: {
    input: [1046, 'varcharin'],
    output: [1047, 'varcharout'],
    receive: [2432, 'varcharrecv'],
    send: [2433, 'varcharsend'],
    modifierInput: [2915, 'varchartypmodin'],
    modifierOutput: [2916, 'varchartypmodout'],
  },
  void: {
    input: [2298, 'void_in'],
    output: [2299, 'void_out'],
    receive: [3120, 'void_recv'],
    send: [3121, 'void_send'],
  },
};

/** name → oid of them all. */
export const TYPE_FUNCTION_OIDS: ReadonlyMap<string, number> = new Map(
  Object.values(TYPE_FUNCTIONS).flatMap((functions) =>
    (Object.values(functions) as ReadonlyArray<readonly [number, string]>).map(([oid, name]) => [name, oid] as const),
  ),
);

/** The columns of pg_type that name them. */
export function typeFunctionCells(typeName: string): Cells {
  const functions = TYPE_FUNCTIONS[typeName.startsWith('_') ? '_' : typeName];
  if (functions === undefined) return {};
  const { input, output, receive, send, modifierInput, modifierOutput } = functions;
  return {
    typinput: input[0],
    typoutput: output[0],
    typreceive: receive[0],
    typsend: send[0],
    typmodin: modifierInput?.[0] ?? 0,
    typmodout: modifierOutput?.[0] ?? 0,
  };
}
