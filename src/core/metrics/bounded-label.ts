/** A series lives in memory here and at Prometheus for as long as the process does. */
const MAX_LENGTH = 100;

/** Values of a label of which it is not known how many there will be: the first ones as they are, the others `other`. */
export class BoundedLabel {
  private readonly known = new Set<string>();

  constructor(private readonly max: number) {}

  of(value: string): string {
    if (this.known.has(value)) return value;
    if (this.known.size >= this.max || value.length > MAX_LENGTH) return 'other';
    this.known.add(value);
    return value;
  }
}
