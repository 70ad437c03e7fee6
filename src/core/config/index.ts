export { ConfigModule } from './config.module.js';
export { Config, InvalidConfigError, loadConfig, processEnvironment } from './load.js';
export { flag, list, urlOf, wholeNumber } from './schemas.js';
export { type ConfigOf, declaredSlices, defineConfig, setting } from './slice.js';
