import type { DataSource } from 'typeorm';

interface Plan {
  'Node Type': string;
  'Relation Name'?: string;
  'Index Name'?: string;
  'Shared Hit Blocks': number;
  'Shared Read Blocks': number;
  'Actual Rows': number;
  'Actual Loops': number;
  'Rows Removed by Filter'?: number;
  Plans?: Plan[];
}

/** What reading costs: blocks and rows that are touched, and which tables are read as a whole. */
export interface Cost {
  statements: number;
  buffers: number;
  rows: number;
  /** Tables read from one end to the other; but for `source`, which has a row for each site. */
  scanned: string[];
  /** Indexes, but for those of `source`. */
  indexes: string[];
}

const nodesOf = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(nodesOf)];

/** Runs `read` on statements that are explained as well, and adds up what they cost. */
export async function costOf(
  dataSource: DataSource,
  read: (explaining: DataSource) => Promise<unknown>,
): Promise<Cost> {
  const cost: Cost = { statements: 0, buffers: 0, rows: 0, scanned: [], indexes: [] };
  const query = async (sql: string, values?: unknown[]): Promise<unknown> => {
    if (!sql.startsWith('EXPLAIN')) {
      const [row] = await dataSource.query<[{ 'QUERY PLAN': [{ Plan: Plan }] }]>(
        `EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) ${sql}`,
        values,
      );
      const { Plan: plan } = row['QUERY PLAN'][0];
      cost.statements++;
      cost.buffers += plan['Shared Hit Blocks'] + plan['Shared Read Blocks'];
      for (const node of nodesOf(plan)) {
        const relation = node['Relation Name'];
        if (relation === 'source') continue;
        // A bitmap is made of an index alone: it does not name the table.
        if (node['Index Name'] !== undefined) cost.indexes.push(node['Index Name']);
        if (relation === undefined) continue;
        cost.rows += (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops'];
        if (node['Node Type'] === 'Seq Scan') cost.scanned.push(relation);
      }
    }
    return dataSource.query(sql, values);
  };
  await read({ query } as unknown as DataSource);
  return cost;
}
