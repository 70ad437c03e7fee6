import {
  codeOf,
  ConnectError,
  ConnectionFailedError,
  FetchError,
  FetchTimeoutError,
  HeadersTooLargeError,
  TlsError,
} from './fetch.errors.js';

/** What OpenSSL and Node say of a certificate (`X509_V_ERR_…`, see the documentation of `node:tls`). */
const CERTIFICATE_FAULTS = new Set([
  'CERT_CHAIN_TOO_LONG',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_REJECTED',
  'CERT_REVOKED',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_FORMAT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'ERROR_IN_CERT_NOT_AFTER_FIELD',
  'ERROR_IN_CERT_NOT_BEFORE_FIELD',
  'HOSTNAME_MISMATCH',
  'INVALID_CA',
  'INVALID_PURPOSE',
  'PATH_LENGTH_EXCEEDED',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY',
  'UNABLE_TO_DECRYPT_CERT_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/** What a failure to connect means. @param origin of whom, e.g. `https://example.org`. */
export function connectFailure(error: Error, origin: string, timeoutMs: number): FetchError {
  if (error instanceof FetchError) return error;
  const code = codeOf(error) ?? '';
  if (code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'ETIMEDOUT')
    return new FetchTimeoutError(origin, 'connect', timeoutMs, error);
  // Several addresses were tried: the errors inside say the same of each.
  const [first = error] = error instanceof AggregateError ? (error.errors as Error[]) : [];
  if ('syscall' in first && first.syscall === 'connect') return new ConnectError(origin, error);
  if (origin.startsWith('https:')) return new TlsError(origin, CERTIFICATE_FAULTS.has(code), error);
  return new ConnectError(origin, error);
}

/** Limits of a request, in milliseconds and bytes. */
interface Limits {
  headersTimeoutMs: number;
  bodyTimeoutMs: number;
  maxHeaderBytes: number;
}

/** What a failure of a request means, whether before or in the middle of its answer. */
export function fetchFailure(error: unknown, url: string, limits: Limits): FetchError {
  if (error instanceof FetchError) return error;
  const code = codeOf(error) ?? '';
  switch (code) {
    case 'UND_ERR_HEADERS_TIMEOUT':
      return new FetchTimeoutError(url, 'headers', limits.headersTimeoutMs, error);
    case 'UND_ERR_BODY_TIMEOUT':
      return new FetchTimeoutError(url, 'body', limits.bodyTimeoutMs, error);
    case 'UND_ERR_HEADERS_OVERFLOW':
      return new HeadersTooLargeError(url, limits.maxHeaderBytes);
    default:
      // A server that wants a certificate of ours says so after the handshake.
      if (code.startsWith('ERR_SSL_')) return new TlsError(new URL(url).origin, false, error);
      return new ConnectionFailedError(url, error);
  }
}
