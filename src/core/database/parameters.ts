/** The values of a statement that is put together; `bind` gives the placeholder of one. */
export class Parameters {
  readonly values: unknown[] = [];

  bind(value: unknown): string {
    return `$${this.values.push(value)}`;
  }
}
