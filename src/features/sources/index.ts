export { sourceSlug } from './source.dto.js';
export { Source } from './source.entity.js';
export { SOURCES_TAG, SourceService } from './source.service.js';
export { SourcesHttpModule } from './sources.http.module.js';
export { SourcesModule } from './sources.module.js';
