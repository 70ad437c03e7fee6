import { readFile } from 'node:fs/promises';
import { parseYaml } from '../../src/core/yaml/index.js';
import type { sourceDefinitionSchema } from '../../src/features/sources/index.js';
import type { z } from 'zod';

export type Declaration = z.input<typeof sourceDefinitionSchema>;

/** No delay, and nothing asked that a test does not ask for. */
const AT_ONCE = { downloadDelayMs: 0, burst: 1000, concurrentRequests: 8, robotsTxt: false };

/** One of the examples of the documentation, for a site of the test's own. */
export async function exampleFor(name: 'books' | 'quotes', startUrl: string): Promise<Declaration> {
  const text = await readFile(new URL(`../../docs/sources/${name}.yaml`, import.meta.url), 'utf8');
  return { ...(parseYaml(text) as Declaration), startUrls: [startUrl], politeness: AT_ONCE };
}

/** A source that follows every link, and makes one item of each page. */
export function everyLink(slug: string, startUrl: string, over: Partial<Declaration> = {}): Declaration {
  return {
    slug,
    name: slug,
    startUrls: [startUrl],
    politeness: AT_ONCE,
    extraction: {
      items: [{ kind: 'page', selector: ':root', key: ['url'], fields: { url: { from: 'url' } } }],
      follow: [{ selector: 'a' }],
    },
    ...over,
  };
}
