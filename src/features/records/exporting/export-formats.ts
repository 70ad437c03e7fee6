import { csvLine, type ExportFormat } from '../../../core/exporting/index.js';
import type { JsonValue } from '../record-item.js';
import type { FoundRecord } from '../reading/record.finder.js';

export const EXPORT_FORMATS = ['ndjson', 'json', 'csv'] as const;
export type ExportFormatName = (typeof EXPORT_FORMATS)[number];

/** What describes a record in CSV, beside its fields; with an underscore, because a field may have the same name. */
const CSV_COLUMNS = [
  '_id',
  '_kind',
  '_key',
  '_url',
  '_firstSeen',
  '_lastSeen',
  '_lastChanged',
  '_seenCount',
  '_changeCount',
];

/**
 * How each is written.
 * @param fields columns of CSV; without them it has one, `data`, with all of them as JSON.
 * @param resumed whether the client has the beginning, so that CSV goes on without its header.
 */
export const exportFormats: Readonly<
  Record<
    ExportFormatName,
    (fields: readonly string[] | undefined, resumed: boolean) => ExportFormat<FoundRecord>
  >
> = {
  ndjson: () => ({
    mediaType: 'application/x-ndjson',
    begin: '',
    end: '',
    write: (record) => `${recordJson(record)}\n`,
  }),
  json: () => ({
    mediaType: 'application/json; charset=utf-8',
    begin: '[',
    end: '\n]\n',
    write: (record, first) => `${first ? '\n' : ',\n'}${recordJson(record)}`,
  }),
  csv: (fields, resumed) => ({
    mediaType: 'text/csv; charset=utf-8',
    begin: resumed ? '' : csvLine([...CSV_COLUMNS, ...(fields ?? ['data'])]),
    end: '',
    write: (record) => csvLine([...described(record), ...valuesOf(record, fields)]),
  }),
};

/** As toRecordDto has it, without parsing and writing again what is JSON already. */
function recordJson(record: FoundRecord): string {
  return (
    `{"id":${record.id},"kind":${JSON.stringify(record.kind)},"key":${record.key},"data":${record.data},` +
    `"url":${JSON.stringify(record.url)},"firstSeen":"${record.firstSeen.toISOString()}",` +
    `"lastSeen":"${record.lastSeen.toISOString()}","lastChanged":"${record.lastChanged.toISOString()}",` +
    `"seenCount":${record.seenCount},"changeCount":${record.changeCount}}`
  );
}

/** The values of CSV_COLUMNS. */
function described(record: FoundRecord): (string | number)[] {
  return [
    record.id,
    record.kind,
    record.key,
    record.url,
    record.firstSeen.toISOString(),
    record.lastSeen.toISOString(),
    record.lastChanged.toISOString(),
    record.seenCount,
    record.changeCount,
  ];
}

function valuesOf({ data }: FoundRecord, fields: readonly string[] | undefined): (JsonValue | undefined)[] {
  if (!fields) return [data];
  const values = JSON.parse(data) as Record<string, JsonValue>;
  return fields.map((field) => (Object.hasOwn(values, field) ? values[field] : undefined));
}
