/** TPC-H's tables and queries, as its specification (revision 3) has them in sections 1.4 and 2.4, with the values that it validates by. */

export const TABLES: Readonly<Record<string, string>> = {
  region: 'r_regionkey int primary key, r_name char(25) not null, r_comment varchar(152)',
  nation: 'n_nationkey int primary key, n_name char(25) not null, n_regionkey int not null, n_comment varchar(152)',
  supplier:
    's_suppkey int primary key, s_name char(25) not null, s_address varchar(40) not null, s_nationkey int not null, s_phone char(15) not null, ' +
    's_acctbal numeric(15,2) not null, s_comment varchar(101) not null',
  customer:
    'c_custkey int primary key, c_name varchar(25) not null, c_address varchar(40) not null, c_nationkey int not null, c_phone char(15) not null, ' +
    'c_acctbal numeric(15,2) not null, c_mktsegment char(10) not null, c_comment varchar(117) not null',
  part:
    'p_partkey int primary key, p_name varchar(55) not null, p_mfgr char(25) not null, p_brand char(10) not null, p_type varchar(25) not null, ' +
    'p_size int not null, p_container char(10) not null, p_retailprice numeric(15,2) not null, p_comment varchar(23) not null',
  partsupp:
    'ps_partkey int not null, ps_suppkey int not null, ps_availqty int not null, ps_supplycost numeric(15,2) not null, ' +
    'ps_comment varchar(199) not null, primary key (ps_partkey, ps_suppkey)',
  orders:
    'o_orderkey int primary key, o_custkey int not null, o_orderstatus char(1) not null, o_totalprice numeric(15,2) not null, o_orderdate date not null, ' +
    'o_orderpriority char(15) not null, o_clerk char(15) not null, o_shippriority int not null, o_comment varchar(79) not null',
  lineitem:
    'l_orderkey int not null, l_partkey int not null, l_suppkey int not null, l_linenumber int not null, l_quantity numeric(15,2) not null, ' +
    'l_extendedprice numeric(15,2) not null, l_discount numeric(15,2) not null, l_tax numeric(15,2) not null, l_returnflag char(1) not null, ' +
    'l_linestatus char(1) not null, l_shipdate date not null, l_commitdate date not null, l_receiptdate date not null, ' +
    'l_shipinstruct char(25) not null, l_shipmode char(10) not null, l_comment varchar(44) not null, primary key (l_orderkey, l_linenumber)',
};

export const QUERIES: Readonly<Record<string, string>> = {
  1:
    'select l_returnflag, l_linestatus, sum(l_quantity) as sum_qty, sum(l_extendedprice) as sum_base_price, ' +
    'sum(l_extendedprice * (1 - l_discount)) as sum_disc_price, sum(l_extendedprice * (1 - l_discount) * (1 + l_tax)) as sum_charge, ' +
    'avg(l_quantity) as avg_qty, avg(l_extendedprice) as avg_price, avg(l_discount) as avg_disc, count(*) as count_order ' +
    "from lineitem where l_shipdate <= date '1998-12-01' - interval '90' day " +
    'group by l_returnflag, l_linestatus order by l_returnflag, l_linestatus',
  3:
    'select l_orderkey, sum(l_extendedprice * (1 - l_discount)) as revenue, o_orderdate, o_shippriority from customer, orders, lineitem ' +
    "where c_mktsegment = 'BUILDING' and c_custkey = o_custkey and l_orderkey = o_orderkey and o_orderdate < date '1995-03-15' and l_shipdate > date '1995-03-15' " +
    'group by l_orderkey, o_orderdate, o_shippriority order by revenue desc, o_orderdate limit 10',
  6:
    'select sum(l_extendedprice * l_discount) as revenue from lineitem ' +
    "where l_shipdate >= date '1994-01-01' and l_shipdate < date '1994-01-01' + interval '1' year and l_discount between 0.06 - 0.01 and 0.06 + 0.01 and l_quantity < 24",
};
