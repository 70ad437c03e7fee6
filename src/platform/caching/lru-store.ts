/** A Map for Keyv that forgets what was used longest ago. Keyv itself checks the expiry of each value. */
export class LruStore {
  private readonly entries = new Map<string, unknown>();

  constructor(private readonly max: number) {}

  get(key: string): unknown {
    const value = this.entries.get(key);
    if (value === undefined) return undefined;
    this.entries.delete(key);
    this.entries.set(key, value); // A Map iterates in order of insertion: what was used last stands last.
    return value;
  }

  set(key: string, value: unknown): this {
    this.entries.delete(key);
    this.entries.set(key, value);
    if (this.entries.size > this.max) this.entries.delete(this.entries.keys().next().value as string);
    return this;
  }

  delete(key: string): boolean {
    return this.entries.delete(key);
  }

  clear(): void {
    this.entries.clear();
  }
}
