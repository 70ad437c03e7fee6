/** Something that is different now. What it says is what operators may see: no payload, no secret. */
export interface Change {
  readonly kind: ChangeKind;
  /** Of the task or worker. */
  readonly id: string;
  readonly [fact: string]: unknown;
}

export const CHANGE_KINDS = ['task', 'worker'] as const;
type ChangeKind = (typeof CHANGE_KINDS)[number];
