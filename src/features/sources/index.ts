export { compileDateFormat, DATE_LOCALE } from './definition/date-format.js';
export { type Extraction, extractionSchema } from './definition/extraction.js';
export type { Field, FollowRule, ItemRule } from './definition/item-rule.js';
export { compilePattern, type Pattern } from './definition/pattern.js';
export { sourceSlug } from './source.dto.js';
export { Source } from './source.entity.js';
export { SourceService } from './source.service.js';
export { SourcesHttpModule } from './sources.http.module.js';
export { SourcesModule } from './sources.module.js';
