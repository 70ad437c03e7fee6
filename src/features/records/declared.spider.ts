import { Injectable } from '@nestjs/common';
import { createHash } from 'node:crypto';
import {
  type HtmlPage,
  type ScrapeRequest,
  type Spider,
  SpiderFor,
  type SpiderOutput,
} from '../scraping/index.js';
import { DECLARED_SPIDER, type Extraction, type Source } from '../sources/index.js';
import { compileExtraction, type PageReader } from './extraction/page-reader.js';
import type { RecordItem } from './record-item.js';
import { RecordsPipeline } from './storing/records.pipeline.js';

/** The code that reads pages, as a number: raise it when the same declaration would give something else. */
const READER_VERSION = 1;

interface Compiled {
  readonly reader: PageReader;
  readonly version: string;
}

/** Reads every source that is declared without code, each by its declaration. */
@Injectable()
@SpiderFor(DECLARED_SPIDER)
export class DeclaredSpider implements Spider<RecordItem> {
  /** A declaration is compiled once for each time that it is loaded, which is once a run. */
  private readonly compiled = new WeakMap<Extraction, Compiled>();

  constructor(readonly pipeline: RecordsPipeline) {}

  version(source: Source): string {
    return this.of(source).version;
  }

  startRequests({ startUrls }: Pick<Source, 'startUrls'>): ScrapeRequest[] {
    return startUrls.map((url) => ({ url, callback: 'page' }));
  }

  *parse(page: HtmlPage, _callback: string, source: Source): Iterable<SpiderOutput<RecordItem>> {
    const { items, links, dropped } = this.of(source).reader.read(page);
    for (const item of items) yield { item };
    for (const url of links) yield { request: { url, callback: 'page' } };
    if (dropped > 0) yield { dropped };
  }

  describe({ kind, data }: RecordItem): { kind: string; fields: RecordItem['data'] } {
    return { kind, fields: data };
  }

  private of({ slug, extraction }: Source): Compiled {
    if (extraction === null) throw new Error(`the source "${slug}" declares nothing to extract`);
    let compiled = this.compiled.get(extraction);
    if (!compiled) {
      const hash = createHash('sha256').update(JSON.stringify(extraction)).digest('hex');
      compiled = { reader: compileExtraction(extraction), version: `${READER_VERSION}:${hash.slice(0, 16)}` };
      this.compiled.set(extraction, compiled);
    }
    return compiled;
  }
}
