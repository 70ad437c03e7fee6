/**
 * `node unobserved.ts`: the compiled application in the mode that MODE names, without what watches it: no line in the log,
 * no metric of a request or a statement, no unit of work. Nobody runs it so, which is why there is no setting for it.
 */
import 'reflect-metadata';
import { compiled } from './application.ts';

const { start } = await compiled<{ start: () => Promise<void> }>('app/start.js');
const { RequestLog } = await compiled<{ RequestLog: Watching }>('core/logging/index.js');
const { WorkUnits } = await compiled<{ WorkUnits: Watching }>('core/performance/index.js');
const { HttpMetrics } = await compiled<{ HttpMetrics: Watching }>('platform/metrics/index.js');
const { QueryMeter } = await compiled<{ QueryMeter: Watching }>('core/database/query-meter.js');

interface Watching {
  prototype: Record<string, () => void>;
}

for (const { prototype } of [RequestLog, WorkUnits, HttpMetrics]) replace(prototype, 'observe');
replace(QueryMeter.prototype, 'answered');
await start();

/** @throws Error when there is no such method: what is measured then would be called something else. */
function replace(prototype: Record<string, () => void>, method: string): void {
  if (!prototype[method]) throw new Error(`there is no method ${method} any more`);
  prototype[method] = () => undefined;
}
