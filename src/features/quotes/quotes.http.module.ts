import { Module } from '@nestjs/common';
import { CachingModule } from '../../platform/caching/index.js';
import { SourcesHttpModule } from '../sources/index.js';
import { QuotesModule } from './quotes.module.js';
import { AuthorFinder } from './reading/author.finder.js';
import { AuthorReader } from './reading/author.reader.js';
import { AuthorsController } from './reading/authors.controller.js';
import { QuoteFinder } from './reading/quote.finder.js';
import { QuoteAnswers } from './reading/quote-answers.js';
import { QuoteReader } from './reading/quote.reader.js';
import { QuotesController } from './reading/quotes.controller.js';
import { TagFinder } from './reading/tag.finder.js';
import { TagReader } from './reading/tag.reader.js';
import { TagsController } from './reading/tags.controller.js';

/** Reading quotes, authors and tags. */
@Module({
  imports: [QuotesModule, SourcesHttpModule, CachingModule],
  controllers: [QuotesController, AuthorsController, TagsController],
  providers: [QuoteAnswers, QuoteReader, QuoteFinder, AuthorReader, AuthorFinder, TagReader, TagFinder],
})
export class QuotesHttpModule {}
