import { createTransport } from 'nodemailer';
import { messageOf } from '../../../../core/errors/index.js';
import { DeliveryError } from '../../alerting.errors.js';
import { type AlertMessage, headline, linesOf } from '../message.js';
import type { AlertChannel } from './channel.js';

const TIME_LIMIT_MS = 10_000;
const MAX_SUBJECT = 200;

/** Mail, as plain text. */
export class EmailChannel implements AlertChannel {
  readonly name = 'email';
  readonly oneByOne = false;

  constructor(
    private readonly smtpUrl: string,
    private readonly from: string,
    private readonly to: readonly string[],
  ) {}

  accepts(): boolean {
    return true;
  }

  async deliver(message: AlertMessage, id: string): Promise<void> {
    const transport = createTransport({
      url: this.smtpUrl,
      connectionTimeout: TIME_LIMIT_MS,
      greetingTimeout: TIME_LIMIT_MS,
      socketTimeout: TIME_LIMIT_MS,
    });
    try {
      await transport.sendMail({
        from: this.from,
        to: [...this.to],
        subject: headline(message).slice(0, MAX_SUBJECT),
        text: `${headline(message)}\n\n${linesOf(message).join('\n')}\n`,
        // The same for every attempt, so that a mail that arrived twice is shown once.
        messageId: `<${id}@gleaner.invalid>`,
        headers: { 'Auto-Submitted': 'auto-generated' },
      });
    } catch (error) {
      throw new DeliveryError(`The mail server did not take it: ${messageOf(error)}`, {
        retryable: isPassing(error),
        cause: error,
      });
    } finally {
      transport.close();
    }
  }
}

/** SMTP's 5xx are for good (RFC 5321 §4.2.1), and so is a wrong password; all else may pass. */
function isPassing(error: unknown): boolean {
  const { responseCode, code } = error as { responseCode?: number; code?: string };
  return code !== 'EAUTH' && !(responseCode !== undefined && responseCode >= 500);
}
