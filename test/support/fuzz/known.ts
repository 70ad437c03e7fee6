import type { Page } from '../../../src/core/http/index.js';
import type { AuthorDto, QuoteDto, TagDto } from '../../../src/features/quotes/reading/quote.dto.js';
import type { RecordDto } from '../../../src/features/records/reading/record.dto.js';
import type { RunDto } from '../../../src/features/scraping/runs/run.dto.js';
import type { ScheduleDto } from '../../../src/platform/scheduling/schedules/schedule.dto.js';
import type { Api } from '../api.js';
import { DECLARED_SLUGS } from './declarations.js';
import type { Known } from './requests.js';

const LISTS = ['quotes', 'authors', 'tags', 'runs', 'schedules', 'sources'];
const COUNT = 8;

/**
 * Reads from the API what exists, so that the requests can ask for it.
 * @param pages that can be fetched.
 */
export async function learn(api: Api, pages: string[]): Promise<Known> {
  const { items: quotes } = await api.get<Page<QuoteDto>>(`/api/v1/quotes?limit=${COUNT}`);
  const { items: authors } = await api.get<Page<AuthorDto>>(`/api/v1/authors?limit=${COUNT}`);
  const { items: tags } = await api.get<Page<TagDto>>(`/api/v1/tags?limit=${COUNT}`);
  const { items: runs } = await api.get<Page<RunDto>>('/api/v1/runs');
  const { items: sources } = await api.get<Page<{ slug: string }>>('/api/v1/sources');
  const { items: schedules } = await api.get<Page<ScheduleDto>>('/api/v1/schedules');
  const cursors = new Map<string, string[]>();
  for (const list of LISTS) {
    const { nextCursor } = await api.get<Page<unknown>>(`/api/v1/${list}?limit=1`);
    cursors.set(`/api/v1/${list}`, nextCursor === null ? [] : [nextCursor]);
  }
  const listOf = '/api/v1/sources/{slug}/records';
  const records = await api.get<Page<RecordDto>>(`/api/v1/sources/books/records?limit=${COUNT}`);
  const first = `/api/v1/sources/books/records/${records.items[0]?.id}`;
  const changes = await api.get<Page<unknown>>(`${first}/changes?limit=1`);
  cursors.set(listOf, [records.nextCursor ?? '']);
  cursors.set(`${listOf}/{id}/changes`, [changes.nextCursor ?? '']);
  const anyCursor = [...cursors.values()].flat();
  /** By the collection, which stands in the path before its key, or by the name of a filter. */
  const keys: Record<string, string[]> = {
    quotes: quotes.map(({ id }) => String(id)),
    authors: authors.map(({ slug }) => slug),
    author: authors.map(({ slug }) => slug),
    tag: tags.map(({ name }) => name),
    runs: runs.map(({ id }) => id),
    tasks: runs.map(({ id }) => `run-${id}`),
    schedules: schedules.map(({ name }) => name),
    'dead-letters': ['letter-1', 'letter-2', 'no:task'],
    group: ['f1'],
    records: records.items.map(({ id }) => String(id)),
    kind: ['book', 'poster'],
    since: ['2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00Z', '9999-12-31T23:59:59.999Z'],
    where: ['price < 20', 'title ~ "o"', 'title exists', 'tags missing', 'tags != red'],
    after: ['0', '3'],
    // The one with records more often: most of the others' routes are about them.
    sources: [...sources.map(({ slug }) => slug), 'books', 'books', 'books', 'books', ...DECLARED_SLUGS],
    source: sources.map(({ slug }) => slug),
    url: pages,
    q: ['lighthouse', '"a patient gardener"', 'salt or patience', 'bridge -umbrella'],
  };
  return ({ path }, name) => {
    // A cursor of another list is well-formed, and still wrong.
    if (name === 'cursor') return [...(cursors.get(path) ?? []), ...anyCursor];
    const collection = path.split('/').at(path.split('/').indexOf(`{${name}}`) - 1) ?? '';
    return keys[path.includes(`{${name}}`) ? collection : name] ?? [];
  };
}
