import { describe, expect, it } from 'vitest';
import { parseRobots, productToken, ROBOTS_MAX_BYTES } from './robots-file.js';

const parse = (...lines: string[]) => parseRobots(lines.join('\n'), 'gleaner');

describe('the product token', () => {
  it.each([
    ['Gleaner/0.1 (self-hosted scraper)', 'gleaner'],
    ['Gleaner', 'gleaner'],
    ['My_Bot-x (+https://example.org/bot)', 'my_bot-x'],
  ])('of %j is %s', (userAgent, token) => {
    expect(productToken(userAgent)).toBe(token);
  });
});

describe('a robots.txt', () => {
  it('says what its groups for this crawler say, put together, and nothing of the others', () => {
    const file = parse(
      'User-agent: *',
      'Disallow: /all',
      'User-agent: other',
      'User-agent: GLEANER/2.0',
      'Disallow: /both',
      'Crawl-delay: 2.5',
      'User-agent: another',
      'Disallow: /another',
      'user-agent : gleaner',
      'ALLOW: /both/but-this # and only this',
      'disallow:/both',
    );
    expect(file).toEqual({
      allow: ['/both/but-this'],
      disallow: ['/both'],
      crawlDelayMs: 2500,
      sitemaps: [],
    });
  });

  it('says what its groups for everybody say when none is for this crawler', () => {
    const file = parse(
      'User-agent: gleaner-x',
      'Disallow: /x',
      'User-agent: *',
      'Disallow: /y',
      'Crawl-delay: 1',
    );
    expect(file).toMatchObject({ disallow: ['/y'], crawlDelayMs: 1000 });
  });

  it('that names this crawler without a rule allows it everything', () => {
    expect(parse('User-agent: *', 'Disallow: /', '', 'User-agent: gleaner', 'Disallow:')).toMatchObject({
      allow: [],
      disallow: [],
    });
  });

  it('has rules for nobody before it names somebody', () => {
    expect(parse('Disallow: /', 'User-agent: *', 'Disallow: /x').disallow).toEqual(['/x']);
  });

  it('may have lines that are none, other names, comments, any ends of lines and a byte order mark', () => {
    const text =
      '\ufeffUser-agent: *\r\n# Disallow: /no\rDisallow: /a\r\n\r\nnonsense\nHost: x\nDisallow : /b #c\nDisallow\n: /d\n';
    expect(parseRobots(text, 'gleaner').disallow).toEqual(['/a', '/b']);
  });

  it('keeps sitemaps, wherever they stand and whomever the group is for', () => {
    const file = parse(
      'Sitemap: https://example.org/1.xml',
      'User-agent: gleaner',
      'Sitemap: HTTP://example.org/2.xml',
      'User-agent: other',
      'Disallow: /x',
      'Sitemap: https://example.org/1.xml',
      'Sitemap: ftp://example.org/3.xml',
      'Sitemap: /4.xml',
      'Sitemap: javascript:alert(1)',
      `Sitemap: https://example.org/${'x'.repeat(2048)}`,
    );
    expect(file.sitemaps).toEqual(['https://example.org/1.xml', 'HTTP://example.org/2.xml', '/4.xml']);
    // The sitemap has not ended the group: both are named by it.
    expect(file.disallow).toEqual(['/x']);
    expect(
      parse(...Array.from({ length: 60 }, (_, n) => `Sitemap: https://a.example/${n}`)).sitemaps,
    ).toHaveLength(50);
  });

  it.each([
    ['0', 0],
    ['1', 1000],
    ['0.25', 250],
    ['300', 300_000],
    ['301', 300_000],
    ['9'.repeat(400), 300_000],
    ['-1', undefined],
    ['', undefined],
    ['soon', undefined],
    ['1e3', undefined],
    ['Infinity', undefined],
  ])('with the crawl delay %j asks for %s ms', (value, ms) => {
    expect(parse('User-agent: *', `Crawl-delay: ${value}`).crawlDelayMs).toBe(ms);
  });

  it('is read up to its limit, and never up to the middle of a line', () => {
    const head = 'User-agent: *\nDisallow: /first\n';
    const padding = `#${'x'.repeat(ROBOTS_MAX_BYTES - head.length - 13)}\n`;
    // The limit falls behind the slash: cut there, everything would be disallowed.
    const text = `${head}${padding}Disallow: /private\nDisallow: /last\n`;
    expect(text.slice(0, ROBOTS_MAX_BYTES)).toMatch(/\nDisallow: \/$/);
    expect(parseRobots(text, 'gleaner').disallow).toEqual(['/first']);
    expect(parseRobots(text.slice(0, ROBOTS_MAX_BYTES), 'gleaner').disallow).toEqual(['/first']);
    expect(parseRobots('x'.repeat(2 * ROBOTS_MAX_BYTES), 'gleaner')).toMatchObject({ disallow: [] });
  });

  it('keeps nothing of others, however many it names for however many rules', () => {
    const others = Array.from({ length: 10_000 }, (_, n) => `User-agent: other${n}`);
    const rules = Array.from({ length: 20_000 }, (_, n) => `Allow: /${n}`);
    // Ten thousand times twenty thousand rules would be more than there is memory for.
    expect(
      parse(...others, ...rules, 'User-agent: __proto__', 'User-agent: constructor', 'Disallow: /').allow,
    ).toEqual([]);
  });
});
