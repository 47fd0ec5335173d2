/**
 * Chinook, a sample database of a music shop, as somebody would try it first: its own script, run by psql, makes a
 * database of its own and fills it; what PostgreSQL 15 answers to a query afterwards, Polylog answers.
 */
import { chinookScript } from '../harness/chinook-script.js';
import { psql, query, type Target, targetOf } from '../harness/client-programs.js';
import { type PolylogNode, startPolylog } from '../harness/polylog.js';
import { startPostgres } from '../harness/postgres.js';

/** Tables and how many rows the script says it puts there. */
const TABLES: Readonly<Record<string, number>> = {
  album: 347,
  artist: 275,
  customer: 59,
  employee: 8,
  genre: 25,
  invoice: 412,
  invoice_line: 2240,
  media_type: 5,
  playlist: 18,
  playlist_track: 8715,
  track: 3503,
};

/** Each orders its rows to the last, so that there is one right answer. */
const QUERIES: Readonly<Record<string, string>> = {
  'the artists who sold most': `select ar.name, count(*) as sold, sum(il.unit_price * il.quantity) as revenue
      from invoice_line il join track t on t.track_id = il.track_id
      join album al on al.album_id = t.album_id join artist ar on ar.artist_id = al.artist_id
      group by ar.name order by revenue desc, ar.name limit 20`,
  'sales of each employee': `select e.first_name || ' ' || e.last_name, count(i.invoice_id), sum(i.total), avg(i.total)
      from employee e left join customer c on c.support_rep_id = e.employee_id
      left join invoice i on i.customer_id = c.customer_id
      group by e.employee_id, e.first_name, e.last_name order by e.employee_id`,
  'who reports to whom': `select e.last_name, m.last_name, m.title from employee e
      left join employee m on m.employee_id = e.reports_to order by e.employee_id`,
  'sales of each country and year': `select billing_country, extract(year from invoice_date) as year, count(*), sum(total),
      min(total), max(total) from invoice group by billing_country, extract(year from invoice_date)
      having sum(total) > 20 order by billing_country, year`,
  'customers who bought nothing of a genre': `select c.customer_id, c.last_name, c.first_name from customer c
      where not exists (select 1 from invoice i join invoice_line il on il.invoice_id = i.invoice_id
        join track t on t.track_id = il.track_id join genre g on g.genre_id = t.genre_id
        where i.customer_id = c.customer_id and g.name = 'Jazz') order by c.customer_id`,
  'tracks longer than the average of their genre': `select g.name, count(*) from track t join genre g using (genre_id)
      where t.milliseconds > (select avg(o.milliseconds) from track o where o.genre_id = t.genre_id)
      group by g.name order by g.name`,
  'artists without an album': `select a.artist_id, a.name from artist a left join album b on b.artist_id = a.artist_id
      where b.album_id is null order by a.artist_id`,
  'tracks that were never sold': `select count(*), min(t.track_id), max(t.track_id) from track t
      where t.track_id not in (select track_id from invoice_line)`,
  'playlists by length': `select p.playlist_id, p.name, count(pt.track_id), coalesce(sum(t.milliseconds), 0) / 1000
      from playlist p left join playlist_track pt on pt.playlist_id = p.playlist_id
      left join track t on t.track_id = pt.track_id group by p.playlist_id, p.name order by 3 desc, 1`,
  'invoices whose lines do not sum up': `select i.invoice_id from invoice i join invoice_line il using (invoice_id)
      group by i.invoice_id, i.total having sum(il.unit_price * il.quantity) <> i.total order by 1`,
  'the first three purchases of each customer of a country': `select customer_id, invoice_id, n, running from (
      select i.customer_id, i.invoice_id, row_number() over w as n, sum(i.total) over w as running
      from invoice i join customer c on c.customer_id = i.customer_id where c.country = 'Brazil'
      window w as (partition by i.customer_id order by i.invoice_date, i.invoice_id)) s
      where n <= 3 order by customer_id, n`,
  'words of titles': `select lower(substring(title from 1 for 3)) as head, count(*), count(distinct artist_id),
      max(length(title)) from album group by 1 order by 2 desc, 1 limit 25`,
  'the chain of command': `with recursive chain(id, name, depth) as (
      select employee_id, last_name::text, 0 from employee where reports_to is null
      union all select e.employee_id, chain.name || ' > ' || e.last_name, chain.depth + 1
      from employee e join chain on e.reports_to = chain.id) select id, name, depth from chain order by id`,
  'bounds of dates': `select min(invoice_date), max(invoice_date), max(invoice_date) - min(invoice_date),
      count(distinct date_trunc('month', invoice_date)) from invoice`,
  'media by price': `select m.name, t.unit_price, count(*), sum(t.bytes), round(avg(t.milliseconds), 2) from track t
      join media_type m using (media_type_id) group by m.name, t.unit_price order by m.name, t.unit_price`,
  'names with letters beyond ASCII': `select name, char_length(name), octet_length(name) from artist
      where octet_length(name) <> char_length(name) order by artist_id`,
};

/** `log` gives what `--log` says, once the servers that it needs are there. */
export function chinookSuite(title: string, log: () => Promise<string>): void {
  const script = chinookScript('PostgreSql');
  const suite = script === null ? describe.skip : describe;
  suite(`${title}${script === null ? ' (no script: set POLYLOG_CHINOOK)' : ''}`, () => {
    let node: PolylogNode;
    let ours: Target;
    let theirs: Target;
    let stopPostgres: () => Promise<void>;

    beforeAll(async () => {
      const [started, peer] = await Promise.all([log().then((url) => startPolylog({ log: url })), startPostgres()]);
      node = started;
      stopPostgres = peer.stop;
      for (const target of [targetOf(node), peer]) await psql(target, '-q', '-f', script ?? '');
      ours = targetOf(node, 'chinook');
      theirs = { ...peer, database: 'chinook' };
    }, 120_000);

    afterAll(async () => {
      await node?.remove();
      await stopPostgres?.();
    }, 60_000);

    const agree = async (sql: string): Promise<string[]> => {
      const [actual, expected] = await Promise.all([query(ours, sql), query(theirs, sql)]);
      expect(actual).toEqual(expected);
      return actual;
    };

    it('has as many rows in every table as PostgreSQL 15', async () => {
      for (const [table, rows] of Object.entries(TABLES))
        expect(await agree(`select count(*) from ${table}`)).toEqual([String(rows)]);
    });

    it('has the same rows in every table', async () => {
      for (const table of Object.keys(TABLES)) await agree(`select * from ${table} order by 1, 2`);
    });

    it.each(Object.entries(QUERIES))('answers %s as PostgreSQL 15 does', async (_name, sql) => {
      await agree(sql);
    });

    it('keeps the script again: it drops its database and makes it anew', async () => {
      await psql(targetOf(node), '-q', '-f', script ?? '');
      expect(await query(ours, 'select count(*) from playlist_track')).toEqual(['8715']);
    }, 60_000);

    it('refuses what would break a foreign key', async () => {
      await expect(psql(ours, '-c', 'delete from artist where artist_id = 1')).rejects.toThrow(
        /violates foreign key constraint "album_artist_id_fkey"/,
      );
    });
  });
}
