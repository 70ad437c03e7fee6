import type { ReadEntry } from '../read-entry.js';

interface Slot {
  readonly entry: ReadEntry;
  bytes: number;
}

/** Key, maps, times and buffers of an entry beside its body; measured roughly on 64 bits. */
const OVERHEAD_BYTES = 600;

/** The tier in the process: bounded by entries and by bytes; what was used longest ago goes first. */
export class MemoryTier {
  private readonly slots = new Map<string, Slot>();
  private total = 0;
  evictions = 0;

  constructor(
    private readonly maxEntries: number,
    private readonly maxBytes: number,
  ) {}

  get size(): number {
    return this.slots.size;
  }

  get bytes(): number {
    return this.total;
  }

  /** Also counts as a use. */
  get(key: string): ReadEntry | undefined {
    const slot = this.slots.get(key);
    if (slot === undefined) return undefined;
    // A Map iterates in order of insertion: what was used last stands last.
    this.slots.delete(key);
    this.slots.set(key, slot);
    return slot.entry;
  }

  /** An entry that is larger than the whole tier is not kept. */
  set(key: string, entry: ReadEntry): void {
    this.delete(key);
    const slot: Slot = { entry, bytes: OVERHEAD_BYTES + 2 * key.length + (entry.document?.bytes ?? 0) };
    if (slot.bytes > this.maxBytes) return;
    this.slots.set(key, slot);
    this.total += slot.bytes;
    if (entry.document) entry.document.onGrow = (bytes) => this.grow(key, slot, bytes);
    this.evict();
  }

  delete(key: string): void {
    const slot = this.slots.get(key);
    if (slot === undefined) return;
    this.slots.delete(key);
    this.total -= slot.bytes;
    if (slot.entry.document) slot.entry.document.onGrow = undefined;
  }

  private grow(key: string, slot: Slot, bytes: number): void {
    if (this.slots.get(key) !== slot) return;
    slot.bytes += bytes;
    this.total += bytes;
    this.evict();
  }

  private evict(): void {
    while (this.slots.size > this.maxEntries || this.total > this.maxBytes) {
      this.delete(this.slots.keys().next().value as string);
      this.evictions++;
    }
  }
}
