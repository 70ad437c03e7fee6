// Stores quotes as a worker does, in a process of its own, until it has done all rounds. Prints a JSON of what it did.
// Arguments: own number, rounds, quotes a round, quotes that there are in all.
import 'reflect-metadata';
import { randomUUID } from 'node:crypto';

const { createDataSource } = await import('../../dist/app/data-source.js');
const { loadConfig } = await import('../../dist/core/config/index.js');
const { databaseConfig, limitsOf, Transactions } = await import('../../dist/core/database/index.js');
const { QuotesPipeline } = await import('../../dist/features/quotes/scraping/quotes.pipeline.js');

const [own, rounds, size, all] = process.argv.slice(2).map(Number);
const config = loadConfig(process.env, [databaseConfig]).get(databaseConfig);
const dataSource = await createDataSource(config).initialize();
let retries = 0;
const metric = { inc: (_labels, by = 1) => void (retries += by) };
const transactions = new Transactions(dataSource, limitsOf('worker', config), metric);
const pipeline = new QuotesPipeline({ invalidate: async () => undefined });
const total = { inserted: 0, updated: 0, unchanged: 0 };

for (let round = 0; round < rounds; round++) {
  // Every process goes through the same quotes, each from another one on and in another order.
  const items = Array.from({ length: size }, (_, index) => {
    const number = (own * 37 + round * size + ((index * 7919) % size)) % all;
    return {
      kind: 'quote',
      text: `Saying number ${number}`,
      authorSlug: `author-${number % 23}`,
      authorName: `Author ${number % 23}`,
      // What a process says of the tags changes from round to round, so rows are really rewritten.
      tags: [`tag-${number % 11}`, `tag-${11 + ((number + round + own) % 7)}`],
    };
  }).concat(
    Array.from({ length: 5 }, (_, index) => ({
      kind: 'author',
      slug: `author-${(own * 5 + round + index * 3) % 23}`,
      name: 'Somebody',
      bornOn: null,
      bornLocation: `seen by ${own} in ${round}`,
      description: null,
    })),
  );
  const context = { sourceId: 1, runId: randomUUID() };
  const stored = await transactions.run((manager) => pipeline.store(items, context, manager));
  for (const outcome of Object.keys(total)) total[outcome] += stored[outcome];
}
await dataSource.destroy();
process.stdout.write(JSON.stringify({ ...total, retries }));
