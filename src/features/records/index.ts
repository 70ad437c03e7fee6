export { RecordChange } from './entities/record-change.entity.js';
export { ScrapedRecord } from './entities/scraped-record.entity.js';
export type { JsonValue, RecordItem } from './record-item.js';
export { RecordsHttpModule } from './records.http.module.js';
export { RecordsModule } from './records.module.js';
export { RecordsWorkerModule } from './records.worker.module.js';
export { RecordsPipeline } from './storing/records.pipeline.js';
