import type { Provider } from '@nestjs/common';
import { getToken, makeHistogramProvider } from '@willsoto/nestjs-prometheus';
import { type Histogram, register } from 'prom-client';

const METHOD_SECONDS = 'gleaner_method_duration_seconds';

/** All that are decorated, by class and name: those of the code, so that the label stays bounded. */
const methods = new Set<string>();

type Method = (this: unknown, ...args: never[]) => unknown;

/**
 * Measures how long each call of a method takes, of an asynchronous one until it is settled; a call that throws counts,
 * too. For what operators want to see apart and is neither a request nor a task.
 */
export function Timed() {
  return <M extends Method>(target: object, name: string, descriptor: TypedPropertyDescriptor<M>): void => {
    const { value: original } = descriptor;
    if (!original) throw new TypeError(`@Timed() is for methods, and ${name} is none`);
    const method = `${target.constructor.name}.${name}`;
    methods.add(method);
    const timed: Method = function (...args) {
      const start = performance.now();
      // Looked up each time: before the application is built, and in most unit tests, there is none.
      const observe = (): void =>
        (register.getSingleMetric(METHOD_SECONDS) as Histogram | undefined)?.observe(
          { method },
          (performance.now() - start) / 1000,
        );
      let result: unknown;
      try {
        result = original.apply(this, args);
      } catch (error) {
        observe();
        throw error;
      }
      if (result instanceof Promise) return result.finally(observe);
      observe();
      return result;
    };
    // What other decorators have said of the method, and how stack traces call it.
    for (const key of Reflect.getMetadataKeys(original))
      Reflect.defineMetadata(key, Reflect.getMetadata(key, original), timed);
    Object.defineProperty(timed, 'name', { value: original.name });
    descriptor.value = timed as M;
  };
}

export const timedMethodProviders: Provider[] = [
  makeHistogramProvider({
    name: METHOD_SECONDS,
    help: 'Seconds that a call of a method marked with @Timed takes',
    labelNames: ['method'],
    buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  }),
  {
    provide: Symbol('timed methods'),
    inject: [getToken(METHOD_SECONDS)],
    useFactory: (seconds: Histogram) => {
      for (const method of methods) seconds.zero({ method });
    },
  },
];
