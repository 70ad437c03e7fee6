import { createHmac } from 'node:crypto';
import type { AlertMessage } from '../message.js';
import type { AlertChannel } from './channel.js';
import { postJson } from './post-json.js';

/** The message as JSON, signed as Standard Webhooks say (https://www.standardwebhooks.com), which has libraries to check it. */
export class WebhookChannel implements AlertChannel {
  readonly name = 'webhook';
  readonly oneByOne = false;

  /** @param secret `whsec_` and the key in Base64. */
  constructor(
    private readonly url: string,
    private readonly secret: string,
  ) {}

  accepts(): boolean {
    return true;
  }

  async deliver(message: AlertMessage, id: string): Promise<void> {
    const body = JSON.stringify(message);
    const timestamp = String(Math.floor(Date.now() / 1000));
    await postJson(this.url, body, {
      'webhook-id': id,
      'webhook-timestamp': timestamp,
      'webhook-signature': signatureOf(this.secret, id, timestamp, body),
    });
  }
}

/** `v1,` and the HMAC-SHA256 of id, time and body in Base64. */
function signatureOf(secret: string, id: string, timestamp: string, body: string): string {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
}
