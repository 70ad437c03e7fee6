import { type DynamicModule, Module } from '@nestjs/common';
import { Config } from './load.js';

/** Makes the values of each slice that was loaded injectable everywhere under the slice's token. */
@Module({})
export class ConfigModule {
  static forRoot(config: Config): DynamicModule {
    const slices = config.slices.map((slice) => ({ provide: slice.token, useValue: config.get(slice) }));
    return { module: ConfigModule, global: true, providers: slices, exports: slices };
  }
}
