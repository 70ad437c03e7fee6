export { bigintTransformer } from './bigint.transformer.js';
export { dataSourceOptions } from './data-source-options.js';
export { type DatabaseConfig, databaseConfig } from './database.config.js';
export { DatabaseUnavailableError } from './database.errors.js';
export { DatabaseModule } from './database.module.js';
export { GleanerDataSource } from './gleaner-data-source.js';
export { migrate } from './migrate.js';
export { WorkUnits } from './work-units.js';
