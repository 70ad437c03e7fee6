import { describe, expect, it } from 'vitest';
import { signOfBlocking } from './block-page.js';
import { HtmlPage } from './html-page.js';

const sign = (html: string) => signOfBlocking(new HtmlPage('http://a.example/', html));

describe('a page without items and links', () => {
  it.each([
    ['<title>Just a moment...</title>', 'title'],
    ['<title>Attention Required! | Cloudflare</title>', 'title'],
    ['<h1>Access Denied</h1>', 'title'],
    ['<title>Hotel</title><h1>Sign in to go online</h1>', 'title'],
    ['<form id="challenge-form"></form>', 'challenge'],
    ['<div class="g-recaptcha"></div>', 'captcha'],
    ['<iframe src="https://x/captcha/frame"></iframe>', 'captcha'],
  ])('is not the site: %s', (html, expected) => {
    expect(sign(html)).toBe(expected);
  });

  it.each([
    '',
    '<title>No results</title><p>Nothing was found. Access denied is a song.</p>',
    '<h1>Author</h1>',
  ])('may be the site: %s', (html) => {
    expect(sign(html)).toBeUndefined();
  });
});
