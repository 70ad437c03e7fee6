/** A client that goes on working does not have to prove itself again within this time. */
const PROVEN_MS = 300_000;
const MAX_PROVEN = 10_000;

/**
 * Keys that were good a short while ago, by their hash. They are still checked; but they are no guesses, and are let
 * through when others behind the same address have been shut out for guessing.
 */
export class ProvenKeys {
  private readonly until = new Map<string, number>();

  has(fingerprint: string): boolean {
    return (this.until.get(fingerprint) ?? 0) > performance.now();
  }

  add(fingerprint: string): void {
    this.until.delete(fingerprint);
    this.until.set(fingerprint, performance.now() + PROVEN_MS);
    const [oldest] = this.until.keys();
    if (this.until.size > MAX_PROVEN && oldest !== undefined) this.until.delete(oldest);
  }

  delete(fingerprint: string): void {
    this.until.delete(fingerprint);
  }
}
