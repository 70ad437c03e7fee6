import { Injectable } from '@nestjs/common';
import { GleanerError } from '../../../core/errors/index.js';
import { type LoadedPage, PageLoader } from '../../scraping/index.js';
import type { SourceDefinition } from '../../sources/index.js';
import { compileExtraction, type PageReading } from '../extraction/page-reader.js';
import type { JsonValue } from '../record-item.js';
import type { PreviewDto } from './preview.dto.js';
import { PreviewFailedError, PreviewTimeoutError } from './preview.errors.js';

/** Shorter than requests to the API may take. */
const TIMEOUT_MS = 15_000;
const MAX_ITEMS = 20;
const MAX_LINKS = 100;

/** Tries a declaration on one page. Nothing is stored. */
@Injectable()
export class Previewer {
  constructor(private readonly loader: PageLoader) {}

  /** @throws PreviewFailedError */
  async preview(source: SourceDefinition, url: string): Promise<PreviewDto> {
    const reader = compileExtraction(source.extraction);
    try {
      const loaded = await this.load(source, url);
      return toPreview(loaded, reader.read(loaded.page));
    } catch (error) {
      throw error instanceof GleanerError ? new PreviewFailedError(url, error) : error;
    }
  }

  private async load(source: SourceDefinition, url: string): Promise<LoadedPage> {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    try {
      return await this.loader.load(source, new URL(url), signal);
    } catch (error) {
      throw signal.aborted ? new PreviewTimeoutError(TIMEOUT_MS) : error;
    }
  }
}

function toPreview(
  { page, bytes, followed }: LoadedPage,
  { items, links, cut, rules }: PageReading,
): PreviewDto {
  const follow = followed(links);
  return {
    url: page.url,
    bytes,
    itemCount: items.length,
    items: items
      .slice(0, MAX_ITEMS)
      .map(({ kind, key, data }) => ({ kind, key: JSON.parse(key) as JsonValue[], data })),
    rules,
    linkCount: links.length,
    links: follow.slice(0, MAX_LINKS),
    linksLeftOut: links.length - follow.length,
    cut,
  };
}
