export { bigintTransformer } from './bigint.transformer.js';
export { dataSourceOptions } from './data-source-options.js';
export { type DatabaseConfig, databaseConfig } from './database.config.js';
export { DatabaseModule } from './database.module.js';
export { migrate } from './migrate.js';
