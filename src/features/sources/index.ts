export { sourceSlug } from './source.dto.js';
export { Source } from './source.entity.js';
export { SourceService } from './source.service.js';
export { SourcesHttpModule } from './sources.http.module.js';
export { SourcesModule } from './sources.module.js';
