import type { AlertMessage } from '../message.js';

/** A way by which people learn of alerts. */
export interface AlertChannel {
  /** One of few: it becomes a label. */
  readonly name: string;
  /** Whether it is told of each alert by itself, because it keeps track of them, or of those that began together. */
  readonly oneByOne: boolean;
  accepts(message: Pick<AlertMessage, 'severity'>): boolean;
  /**
   * @param id the same for every attempt of this message, and for no other.
   * @throws DeliveryError; anything else is a fault in the code, and is tried again.
   */
  deliver(message: AlertMessage, id: string): Promise<void>;
}

/** All channels that are configured; `log` always is. */
export const ALERT_CHANNELS = Symbol('alert channels');
