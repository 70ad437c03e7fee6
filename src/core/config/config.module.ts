import { type DynamicModule, Module } from '@nestjs/common';
import { Config } from './load.js';
import { declaredSlices } from './slice.js';

/** Makes each slice's values injectable everywhere under the slice's token. */
@Module({})
export class ConfigModule {
  static forRoot(config: Config): DynamicModule {
    const slices = declaredSlices().map((slice) => ({ provide: slice.token, useValue: config.get(slice) }));
    return { module: ConfigModule, global: true, providers: slices, exports: slices };
  }
}
