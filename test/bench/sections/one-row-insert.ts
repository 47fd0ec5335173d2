/** Transactions of one row each, no two of the same: what a commit costs by itself. */

export const ONE_ROW_TABLE = 'CREATE TABLE bench_commits (id bigint PRIMARY KEY, payload text NOT NULL)';

/** For pgbench. Random keys out of 2^62: no two clients meet. */
export const ONE_ROW_INSERT = `\\set id random(1, 4611686018427387904)
INSERT INTO bench_commits (id, payload) VALUES (:id, 'one row, one transaction, one record');
`;
