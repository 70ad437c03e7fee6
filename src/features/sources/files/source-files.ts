import { Inject, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { type EntityManager, In } from 'typeorm';
import { InvalidConfigError } from '../../../core/config/index.js';
import { Transactions } from '../../../core/database/index.js';
import { ReadCache } from '../../../platform/caching/index.js';
import { DECLARED_SPIDER } from '../declared-sources.js';
import type { SourceDefinition } from '../definition/source-definition.js';
import { Source } from '../source.entity.js';
import { SourceSchedules } from '../source-schedules.js';
import { SOURCES_TAG } from '../source.service.js';
import { type SourcesConfig, sourcesConfig } from '../sources.config.js';
import { readSourceFiles } from './read-source-files.js';

/**
 * Declares what the files in SOURCES_DIR say, whenever a process boots. A source whose file is gone is switched off,
 * for its records stay; when the file is back, so is the source, unless somebody has switched it off by hand.
 * Processes that boot at once write the same in one order, and the last one is right.
 */
@Injectable()
export class SourceFiles implements OnApplicationBootstrap {
  private readonly logger = new Logger(SourceFiles.name);

  constructor(
    private readonly transactions: Transactions,
    private readonly schedules: SourceSchedules,
    private readonly cache: ReadCache,
    @Inject(sourcesConfig.token) private readonly config: SourcesConfig,
  ) {}

  /** @throws InvalidConfigError with all faults of all files. */
  async onApplicationBootstrap(): Promise<void> {
    const { directory } = this.config;
    if (directory === undefined) return;
    const { definitions, faults } = await readSourceFiles(directory);
    if (faults.length > 0) throw invalid(faults);
    const gone = await this.transactions.run(async (manager) => {
      const changed = await declare(manager, definitions);
      const others = await disableOthers(manager, definitions);
      const sources = await manager.find(Source, {
        where: { slug: In([...changed, ...others]) },
        order: { slug: 'ASC' },
      });
      for (const source of sources) await this.schedules.follow(manager, source);
      return others;
    });
    await this.cache.invalidate([SOURCES_TAG]);
    this.logger.log({ directory, declared: definitions.length }, 'sources are declared by files');
    if (gone.length > 0)
      this.logger.warn({ directory, gone }, 'sources are switched off: their files are gone');
  }
}

const invalid = (faults: readonly string[]): InvalidConfigError =>
  new InvalidConfigError(faults, 'Correct these files (see docs/declared-sources.md) and start again.');

/** @returns the slugs of those that are new or say something new. */
async function declare(manager: EntityManager, definitions: readonly SourceDefinition[]): Promise<string[]> {
  const changed: { slug: string }[] = await manager.query(DECLARE, [
    JSON.stringify(definitions),
    DECLARED_SPIDER,
  ]);
  const others: { slug: string; origin: string }[] = await manager.query(
    `SELECT slug, origin FROM source WHERE slug = ANY($1) AND origin <> 'file' ORDER BY slug`,
    [definitions.map(({ slug }) => slug)],
  );
  if (others.length === 0) return changed.map(({ slug }) => slug);
  throw invalid(
    others.map(
      ({ slug, origin }) => `slug: expected one that nobody else has, got "${slug}", declared by ${origin}`,
    ),
  );
}

const COLUMNS = 'name, start_urls, scope, politeness, limits, schedule, extraction';
const NEW = COLUMNS.replaceAll(/\w+/g, 'excluded.$&');
const OLD = COLUMNS.replaceAll(/\w+/g, 's.$&');

/**
 * Rows that say the same stay untouched, so that booting does not make every source look changed. The last column,
 * `json`, can only be compared as the text that it is.
 */
const DECLARE = `
INSERT INTO source AS s (slug, origin, spider, ${COLUMNS})
SELECT slug, 'file', $2, name, "startUrls", scope, politeness, limits, schedule, extraction
FROM json_to_recordset($1) AS input (slug text, name text, "startUrls" text[], scope jsonb, politeness jsonb,
  limits jsonb, schedule jsonb, extraction json)
ORDER BY slug
ON CONFLICT (slug) DO UPDATE SET (${COLUMNS}) = ROW(${NEW}),
  enabled = s.enabled OR s.file_gone_at IS NOT NULL, file_gone_at = NULL, updated_at = now()
WHERE s.origin = 'file' AND (s.file_gone_at IS NOT NULL OR (${OLD}::text) IS DISTINCT FROM (${NEW}::text))
RETURNING slug`;

/** @returns the slugs of those that were on. */
async function disableOthers(
  manager: EntityManager,
  definitions: readonly SourceDefinition[],
): Promise<string[]> {
  const [gone]: [{ slug: string }[], number] = await manager.query(
    `UPDATE source SET enabled = false, file_gone_at = now(), updated_at = now()
     WHERE origin = 'file' AND enabled AND slug <> ALL($1) RETURNING slug`,
    [definitions.map(({ slug }) => slug)],
  );
  return gone.map(({ slug }) => slug).sort();
}
