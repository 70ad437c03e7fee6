import { request } from 'undici';
import { messageOf } from '../../../../core/errors/index.js';
import { DeliveryError } from '../../alerting.errors.js';

/** What takes longer is tried again later: somebody waits for others, too. */
const TIME_LIMIT_MS = 10_000;
/** What an answer says of why it is no success. */
const MAX_REASON = 300;
const MAX_ANSWER_BYTES = 65_536;
/** However long the other side wants to be left alone. */
const MAX_WAIT_SECONDS = 3600;
/** Too many requests, or a time-out of theirs: of the other 4xx a repetition would get the same. */
const PASSING = new Set([408, 425, 429]);

/**
 * Posts to where operators want to be told; no redirect is followed.
 * @param body as it is sent, for it may be signed.
 * @throws DeliveryError which does not name the URL: it can be a secret.
 */
export async function postJson(
  url: string,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<void> {
  const { statusCode, retryAfter, reason } = await send(url, body, headers);
  if (statusCode >= 200 && statusCode < 300) return;
  const seconds = Number(retryAfter);
  throw new DeliveryError(`It was answered with status ${statusCode}${reason === '' ? '' : `: ${reason}`}.`, {
    retryable: statusCode >= 500 || PASSING.has(statusCode),
    retryAfterSeconds: seconds > 0 ? Math.min(seconds, MAX_WAIT_SECONDS) : undefined,
  });
}

async function send(url: string, body: string, headers: Readonly<Record<string, string>>) {
  const signal = AbortSignal.timeout(TIME_LIMIT_MS);
  try {
    const response = await request(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'user-agent': 'gleaner', ...headers },
      body,
      signal,
    });
    const { statusCode } = response;
    if (Number(response.headers['content-length'] ?? 0) > MAX_ANSWER_BYTES) {
      response.body.destroy();
      return { statusCode, retryAfter: response.headers['retry-after'], reason: '' };
    }
    const reason = await firstOf(response.body);
    return { statusCode, retryAfter: response.headers['retry-after'], reason };
  } catch (error) {
    if (signal.aborted)
      throw new DeliveryError(`There was no answer within ${TIME_LIMIT_MS} ms.`, { retryable: true });
    throw new DeliveryError(`It could not be sent: ${messageOf(error)}`, { retryable: true, cause: error });
  }
}

/** The beginning of the answer, without reading much more of it. */
async function firstOf(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) break;
  }
  return Buffer.concat(chunks).toString('utf8').slice(0, MAX_REASON).replace(/\s+/g, ' ').trim();
}
