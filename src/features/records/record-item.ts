/** What JSON can say. */
export type JsonValue = string | number | boolean | null | JsonValue[] | { [name: string]: JsonValue };

/** What a declared source yields: its fields as the declaration names them. */
export interface RecordItem {
  /** Kind of item, as the declaration names it; `item` unless it says otherwise. */
  kind: string;
  /** JSON array of the values of the key fields, in the order of the declaration: what makes a record the same record. */
  key: string;
  data: Record<string, JsonValue>;
  /** The page it was found on. */
  url: string;
  /** Whether the declaration wants the changes of this kind to be kept; no, unless it says so. */
  history?: boolean;
}
