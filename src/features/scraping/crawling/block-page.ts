import { GleanerError } from '../../../core/errors/index.js';
import type { HtmlPage } from './html-page.js';

/** The site answered 200 with something that is not its page: a captcha, an access denial, a sign-in. */
export class BlockedPageError extends GleanerError {
  readonly code = 'page.blocked';
  readonly title = 'Page blocked';
  override readonly severity = 'warning';

  constructor(url: string, sign: string) {
    super(
      `${url} was answered with a page that keeps visitors out (${sign}); it is not counted as the site's.`,
    );
  }
}

/**
 * By what the pages of protection services and access points are known. Only looked for on pages that gave nothing: on
 * others such words are content.
 */
const SIGNS: readonly { name: string; selector: string; pattern?: RegExp }[] = [
  { name: 'challenge', selector: '#challenge-form, #cf-challenge, .cf-browser-verification, #px-captcha' },
  { name: 'captcha', selector: '.g-recaptcha, .h-captcha, .cf-turnstile, iframe[src*="captcha"]' },
  {
    name: 'title',
    selector: 'title, h1',
    pattern:
      /just a moment|attention required|access denied|are you (a )?(human|robot)|verify you are human|unusual traffic|sign in to go online|blocked|pardon our interruption/i,
  },
];

/** The sign by which a page without items and links is not the site's own; `undefined` when it has none. */
export function signOfBlocking(page: HtmlPage): string | undefined {
  return SIGNS.find(({ selector, pattern }) =>
    page.all(selector).some((element) => pattern?.test(page.textOf(element)) ?? true),
  )?.name;
}
