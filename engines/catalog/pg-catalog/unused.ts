import type { VirtualTableEntry } from '../entry.js';
import { virtualTable } from '../virtual-table.js';

/** Tables of PostgreSQL for things that Polylog does not have. They are empty, and clients that look into them find nothing. */
const UNUSED: ReadonlyArray<readonly [name: string, id: number, columns: string]> = [
  [
    'pg_aggregate',
    2_600,
    'aggfnoid regproc, aggkind char, aggnumdirectargs int2, aggtransfn regproc, aggfinalfn regproc, aggtranstype oid',
  ],
  [
    'pg_operator',
    2_617,
    'oid oid, oprname name, oprnamespace oid, oprowner oid, oprkind char, oprcanmerge bool, oprcanhash bool, oprleft oid, oprright oid, oprresult oid, oprcom oid, oprnegate oid, oprcode regproc, oprrest regproc, oprjoin regproc',
  ],
  ['pg_opfamily', 2_753, 'oid oid, opfmethod oid, opfname name, opfnamespace oid, opfowner oid'],
  [
    'pg_amop',
    2_602,
    'oid oid, amopfamily oid, amoplefttype oid, amoprighttype oid, amopstrategy int2, amoppurpose char, amopopr oid, amopmethod oid, amopsortfamily oid',
  ],
  [
    'pg_amproc',
    2_603,
    'oid oid, amprocfamily oid, amproclefttype oid, amprocrighttype oid, amprocnum int2, amproc regproc',
  ],
  ['pg_cast', 2_605, 'oid oid, castsource oid, casttarget oid, castfunc oid, castcontext char, castmethod char'],
  [
    'pg_conversion',
    2_607,
    'oid oid, conname name, connamespace oid, conowner oid, conforencoding int4, contoencoding int4, conproc regproc, condefault bool',
  ],
  ['pg_enum', 3_501, 'oid oid, enumtypid oid, enumsortorder float4, enumlabel name'],
  [
    'pg_range',
    3_541,
    'rngtypid oid, rngsubtype oid, rngmultitypid oid, rngcollation oid, rngsubopc oid, rngcanonical regproc, rngsubdiff regproc',
  ],
  [
    'pg_extension',
    3_079,
    'oid oid, extname name, extowner oid, extnamespace oid, extrelocatable bool, extversion text, extconfig oid[], extcondition text[]',
  ],
  ['pg_inherits', 2_611, 'inhrelid oid, inhparent oid, inhseqno int4, inhdetachpending bool'],
  [
    'pg_partitioned_table',
    3_350,
    'partrelid oid, partstrat char, partnatts int2, partdefid oid, partattrs int2[], partclass oid[], partcollation oid[], partexprs text',
  ],
  [
    'pg_policy',
    3_256,
    'oid oid, polname name, polrelid oid, polcmd char, polpermissive bool, polroles oid[], polqual text, polwithcheck text',
  ],
  [
    'pg_policies',
    12_030,
    'schemaname name, tablename name, policyname name, permissive text, roles name[], cmd text, qual text, with_check text',
  ],
  [
    'pg_publication',
    6_104,
    'oid oid, pubname name, pubowner oid, puballtables bool, pubinsert bool, pubupdate bool, pubdelete bool, pubtruncate bool, pubviaroot bool',
  ],
  ['pg_publication_rel', 6_106, 'oid oid, prpubid oid, prrelid oid, prqual text, prattrs int2[]'],
  ['pg_publication_namespace', 6_237, 'oid oid, pnpubid oid, pnnspid oid'],
  ['pg_publication_tables', 12_031, 'pubname name, schemaname name, tablename name, attnames name[], rowfilter text'],
  [
    'pg_subscription',
    6_100,
    'oid oid, subdbid oid, subskiplsn text, subname name, subowner oid, subenabled bool, subbinary bool, substream bool, subtwophasestate char, subdisableonerr bool, subconninfo text, subslotname name, subsynccommit text, subpublications text[]',
  ],
  ['pg_subscription_rel', 6_102, 'srsubid oid, srrelid oid, srsubstate char, srsublsn text'],
  [
    'pg_trigger',
    2_620,
    'oid oid, tgrelid oid, tgparentid oid, tgname name, tgfoid oid, tgtype int2, tgenabled char, tgisinternal bool, tgconstrrelid oid, tgconstrindid oid, tgconstraint oid, tgdeferrable bool, tginitdeferred bool, tgnargs int2, tgattr int2[], tgargs bytea, tgqual text, tgoldtable name, tgnewtable name',
  ],
  [
    'pg_event_trigger',
    3_466,
    'oid oid, evtname name, evtevent name, evtowner oid, evtfoid oid, evtenabled char, evttags text[]',
  ],
  [
    'pg_statistic',
    2_619,
    'starelid oid, staattnum int2, stainherit bool, stanullfrac float4, stawidth int4, stadistinct float4',
  ],
  [
    'pg_stats',
    12_032,
    'schemaname name, tablename name, attname name, inherited bool, null_frac float4, avg_width int4, n_distinct float4, most_common_vals text, most_common_freqs float4[], histogram_bounds text, correlation float4',
  ],
  [
    'pg_statistic_ext',
    3_381,
    'oid oid, stxrelid oid, stxname name, stxnamespace oid, stxowner oid, stxstattarget int4, stxkeys int2[], stxkind char[], stxexprs text',
  ],
  [
    'pg_statistic_ext_data',
    3_429,
    'stxoid oid, stxdinherit bool, stxdndistinct text, stxddependencies text, stxdmcv text, stxdexpr text',
  ],
  [
    'pg_foreign_data_wrapper',
    2_328,
    'oid oid, fdwname name, fdwowner oid, fdwhandler oid, fdwvalidator oid, fdwacl text[], fdwoptions text[]',
  ],
  [
    'pg_foreign_server',
    1_417,
    'oid oid, srvname name, srvowner oid, srvfdw oid, srvtype text, srvversion text, srvacl text[], srvoptions text[]',
  ],
  ['pg_foreign_table', 3_118, 'ftrelid oid, ftserver oid, ftoptions text[]'],
  ['pg_user_mapping', 1_418, 'oid oid, umuser oid, umserver oid, umoptions text[]'],
  ['pg_user_mappings', 12_033, 'umid oid, srvid oid, srvname name, umuser oid, usename name, umoptions text[]'],
  ['pg_default_acl', 826, 'oid oid, defaclrole oid, defaclnamespace oid, defaclobjtype char, defaclacl text[]'],
  ['pg_init_privs', 3_394, 'objoid oid, classoid oid, objsubid int4, privtype char, initprivs text[]'],
  ['pg_seclabel', 3_596, 'objoid oid, classoid oid, objsubid int4, provider text, label text'],
  ['pg_shseclabel', 3_592, 'objoid oid, classoid oid, provider text, label text'],
  [
    'pg_seclabels',
    12_034,
    'objoid oid, classoid oid, objsubid int4, objtype text, objnamespace oid, objname text, provider text, label text',
  ],
  ['pg_shdepend', 1_214, 'dbid oid, classid oid, objid oid, objsubid int4, refclassid oid, refobjid oid, deptype char'],
  ['pg_largeobject_metadata', 2_995, 'oid oid, lomowner oid, lomacl text[]'],
  ['pg_largeobject', 2_613, 'loid oid, pageno int4, data bytea'],
  ['pg_parameter_acl', 6_243, 'oid oid, parname text, paracl text[]'],
  ['pg_transform', 3_576, 'oid oid, trftype oid, trflang oid, trffromsql regproc, trftosql regproc'],
  ['pg_ts_config', 3_602, 'oid oid, cfgname name, cfgnamespace oid, cfgowner oid, cfgparser oid'],
  ['pg_ts_config_map', 3_603, 'mapcfg oid, maptokentype int4, mapseqno int4, mapdict oid'],
  [
    'pg_ts_dict',
    3_600,
    'oid oid, dictname name, dictnamespace oid, dictowner oid, dicttemplate oid, dictinitoption text',
  ],
  [
    'pg_ts_parser',
    3_601,
    'oid oid, prsname name, prsnamespace oid, prsstart regproc, prstoken regproc, prsend regproc, prsheadline regproc, prslextype regproc',
  ],
  ['pg_ts_template', 3_764, 'oid oid, tmplname name, tmplnamespace oid, tmplinit regproc, tmpllexize regproc'],
  ['pg_rules', 12_035, 'schemaname name, tablename name, rulename name, definition text'],
  ['pg_prepared_xacts', 12_036, 'transaction oid, gid text, prepared timestamptz, owner name, database name'],
  [
    'pg_prepared_statements',
    12_037,
    'name text, statement text, prepare_time timestamptz, parameter_types regtype[], from_sql bool',
  ],
  [
    'pg_cursors',
    12_038,
    'name text, statement text, is_holdable bool, is_binary bool, is_scrollable bool, creation_time timestamptz',
  ],
  ['pg_available_extensions', 12_039, 'name name, default_version text, installed_version text, comment text'],
  [
    'pg_replication_slots',
    12_040,
    'slot_name name, plugin name, slot_type text, datoid oid, database name, temporary bool, active bool, active_pid int4',
  ],
  [
    'pg_stat_replication',
    12_041,
    'pid int4, usesysid oid, usename name, application_name text, client_addr text, state text',
  ],
];

export const UNUSED_TABLES: readonly VirtualTableEntry[] = UNUSED.map(([name, id, columns]) =>
  virtualTable('pg_catalog', name, id, columns),
);
