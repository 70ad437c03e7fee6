/** Longer ones are no addresses of anything, and are not cut to one. */
const MAX_LENGTH = 8192;

/** The absolute form of a link that leads to a web page, or null: that is what none of `mailto:` and the like does. */
export function webUrl(href: string, baseUrl: string): URL | null {
  if (href.length > MAX_LENGTH) return null;
  const url = URL.parse(href, baseUrl);
  const leads = url !== null && (url.protocol === 'https:' || url.protocol === 'http:');
  return leads && url.href.length <= MAX_LENGTH && url.username === '' && url.password === '' ? url : null;
}
