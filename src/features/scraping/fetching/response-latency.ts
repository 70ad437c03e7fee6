import type { Dispatcher } from 'undici';

interface Stamp {
  sentAt: number;
}

/**
 * Makes a request, and measures as Scrapy's `download_latency` does: from sending it to the headers of its answer.
 * Connecting and waiting for a connection are not the answer's.
 * @returns the latency in milliseconds.
 */
export async function timed(
  pool: Dispatcher,
  options: Dispatcher.RequestOptions,
): Promise<{ response: Dispatcher.ResponseData; latencyMs: number }> {
  const stamp: Stamp = { sentAt: performance.now() };
  const stamping = pool.compose((dispatch) => (opts, handler) => dispatch(opts, stamped(handler, stamp)));
  const response = await stamping.request(options);
  return { response, latencyMs: performance.now() - stamp.sentAt };
}

function stamped(handler: Dispatcher.DispatchHandler, stamp: Stamp): Dispatcher.DispatchHandler {
  return {
    onRequestStart: (...args) => {
      stamp.sentAt = performance.now();
      handler.onRequestStart?.(...args);
    },
    onResponseStart: (...args) => handler.onResponseStart?.(...args),
    onResponseData: (...args) => handler.onResponseData?.(...args),
    onResponseEnd: (...args) => handler.onResponseEnd?.(...args),
    onResponseError: (...args) => handler.onResponseError?.(...args),
  };
}
