// Stores records as one of several workers of a run does, in a process of its own. Prints a JSON of what it did.
// Arguments: own number, rounds, records a round, records that there are in all, run.
import 'reflect-metadata';

const { createDataSource } = await import('../../dist/app/data-source.js');
const { loadConfig } = await import('../../dist/core/config/index.js');
const { databaseConfig, limitsOf, Transactions } = await import('../../dist/core/database/index.js');
const { RecordsPipeline } = await import('../../dist/features/records/index.js');

const [own, rounds, size, all] = process.argv.slice(2, 6).map(Number);
const runId = process.argv[6];
const config = loadConfig(process.env, [databaseConfig]).get(databaseConfig);
const dataSource = await createDataSource(config).initialize();
let retries = 0;
const metric = { inc: (_labels, by = 1) => void (retries += by) };
const transactions = new Transactions(dataSource, limitsOf('worker', config), metric);
const pipeline = new RecordsPipeline({ invalidate: async () => undefined });
const total = { inserted: 0, updated: 0, unchanged: 0 };

// Until the test has seen all of them come: what starts one after another does not meet.
await dataSource.query('SELECT pg_advisory_xact_lock_shared(4711)');

for (let round = 0; round < rounds; round++) {
  // Every process goes through the same records, each from another one on and in another order, and knows a field of
  // its own of them, as the pages of a site do.
  const items = Array.from({ length: size }, (_, index) => {
    const number = (own * 37 + round * size + ((index * 7919) % size)) % all;
    const data = { number, [`of${own}`]: `told by ${own}` };
    return { kind: 'item', key: `[${number}]`, url: `http://x/${own}/${number}`, history: true, data };
  });
  const stored = await transactions.run((manager) => pipeline.store(items, { sourceId: 1, runId }, manager));
  for (const outcome of Object.keys(total)) total[outcome] += stored[outcome];
}
await dataSource.destroy();
process.stdout.write(JSON.stringify({ ...total, retries }));
