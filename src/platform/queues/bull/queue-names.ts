/** The queues, most urgent first. A separate queue each, because priorities inside one Bull queue cost O(n) an insert. */
export const QUEUE_NAMES = ['high', 'default', 'low'] as const;

export type QueueName = (typeof QUEUE_NAMES)[number];
