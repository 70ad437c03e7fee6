/** Browsers look for a charset declaration in this many bytes (HTML Standard, "prescan a byte stream"). */
const PRESCAN_BYTES = 1024;

/**
 * Text of an HTML body. The encoding is taken, in this order, from the Content-Type header, the byte order mark,
 * a `<meta>` in the first 1024 bytes, else UTF-8. A label that is not known counts as absent; bytes that do not fit
 * become U+FFFD, for a page with one bad byte is still worth reading.
 */
export function decodeHtml(body: Uint8Array, contentType: string): string {
  const label = labelOf(contentType) ?? bom(body) ?? declared(body) ?? 'utf-8';
  return new TextDecoder(label).decode(body);
}

/** Text of a body that is no HTML: the same, except that nothing in it is taken for a `<meta>`. */
export function decodeText(body: Uint8Array, contentType: string): string {
  return new TextDecoder(labelOf(contentType) ?? bom(body) ?? 'utf-8').decode(body);
}

function bom([first, second, third]: Uint8Array): string | undefined {
  if (first === 0xef && second === 0xbb && third === 0xbf) return 'utf-8';
  if (first === 0xfe && second === 0xff) return 'utf-16be';
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  return undefined;
}

function declared(body: Uint8Array): string | undefined {
  // Every encoding that a page can declare this way has ASCII in common.
  const head = Buffer.from(body.buffer, body.byteOffset, Math.min(body.length, PRESCAN_BYTES)).toString(
    'latin1',
  );
  const metas = head.match(/<meta[^>]+charset[^>]+>/gi) ?? [];
  const label = metas.map(labelOf).find((found) => found !== undefined);
  // It was readable as ASCII, so it is not UTF-16, whatever it says (HTML Standard, "prescan a byte stream").
  return label?.startsWith('utf-16') ? 'utf-8' : label;
}

function labelOf(text: string): string | undefined {
  const label = /charset\s*=\s*["']?\s*([\w-]+)/i.exec(text)?.[1];
  if (label === undefined) return undefined;
  try {
    return new TextDecoder(label).encoding;
  } catch {
    return undefined; // RangeError: not a label of the Encoding Standard.
  }
}
