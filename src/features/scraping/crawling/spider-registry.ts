import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { GleanerError } from '../../../core/errors/index.js';
import { type Spider, SpiderFor } from './spider.js';

class UnknownSpiderError extends GleanerError {
  readonly code = 'spider.unknown';
  readonly title = 'Unknown spider';

  constructor(name: string, known: readonly string[]) {
    super(`There is no spider "${name}"; known are: ${known.join(', ')}.`);
  }
}

/** Every provider declared with `@SpiderFor`. */
@Injectable()
export class SpiderRegistry implements OnModuleInit {
  private readonly spiders = new Map<string, Spider>();

  constructor(private readonly discovery: DiscoveryService) {}

  onModuleInit(): void {
    for (const provider of this.discovery.getProviders({ metadataKey: SpiderFor.KEY })) {
      const name = this.discovery.getMetadataByDecorator(SpiderFor, provider) as string;
      if (this.spiders.has(name)) throw new Error(`the spider "${name}" is declared twice`);
      this.spiders.set(name, provider.instance as Spider);
    }
  }

  find(name: string): Spider | undefined {
    return this.spiders.get(name);
  }

  /** @throws UnknownSpiderError */
  get(name: string): Spider {
    const spider = this.find(name);
    if (!spider) throw new UnknownSpiderError(name, [...this.spiders.keys()]);
    return spider;
  }
}
