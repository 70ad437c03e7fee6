import { type DynamicModule, Module } from '@nestjs/common';
import { Config } from './load.js';

/** Makes the values of each slice that was loaded injectable everywhere under the slice's token, and all as Config. */
@Module({})
export class ConfigModule {
  static forRoot(config: Config): DynamicModule {
    const slices = config.slices.map((slice) => ({ provide: slice.token, useValue: config.get(slice) }));
    const providers = [...slices, { provide: Config, useValue: config }];
    return { module: ConfigModule, global: true, providers, exports: providers };
  }
}
