export { Author } from './entities/author.entity.js';
export { AuthorQuoteCount, TagQuoteCount } from './entities/quote-counts.entity.js';
export { QuoteTag } from './entities/quote-tag.entity.js';
export { Quote } from './entities/quote.entity.js';
export { Tag } from './entities/tag.entity.js';
export { QuotesHttpModule } from './quotes.http.module.js';
export { QuotesModule } from './quotes.module.js';
export { QuotesWorkerModule } from './quotes.worker.module.js';
