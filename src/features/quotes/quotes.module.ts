import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { SourcesModule } from '../sources/index.js';
import { Author } from './entities/author.entity.js';
import { AuthorQuoteCount, TagQuoteCount } from './entities/quote-counts.entity.js';
import { QuoteTag } from './entities/quote-tag.entity.js';
import { Quote } from './entities/quote.entity.js';
import { Tag } from './entities/tag.entity.js';
import { QuotesSource } from './quotes-source.js';

/** The built-in example: its tables and its source. */
@Module({
  imports: [
    SourcesModule,
    TypeOrmModule.forFeature([Author, Quote, Tag, QuoteTag, AuthorQuoteCount, TagQuoteCount]),
  ],
  providers: [QuotesSource],
})
export class QuotesModule {}
