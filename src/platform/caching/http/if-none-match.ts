/**
 * Whether `If-None-Match` names this entity tag, so that the client has what it would get (RFC 9110 §13.1.2): by weak
 * comparison, in a list, or as `*`, which any existing representation matches.
 */
export function matchesEntityTag(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  if (header === etag || header.trim() === '*') return true;
  // A tag may contain commas, so the list is not split at them.
  return [...header.matchAll(/(?:W\/)?("[^"]*")/g)].some(([, tag]) => tag === etag);
}
