export { csvLine } from './csv.js';
export { EXPORT_OUTCOMES, type ExportBatch, type ExportFormat, ExportStreams } from './export-streams.js';
export { sendExport, stillAtWork } from './send-export.js';
