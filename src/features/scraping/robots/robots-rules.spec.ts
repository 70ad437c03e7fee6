import fc from 'fast-check';
import robotsParser from 'robots-parser';
import { describe, expect, it } from 'vitest';
import { parseRobots } from './robots-file.js';
import { rulesOf } from './robots-rules.js';

const ORIGIN = 'https://site.example';

/** Another implementation; its types describe a module of another kind than it is. */
const reference = robotsParser as unknown as typeof robotsParser.default;

/** Whether a path may be fetched by the rules of `Disallow: …` and `Allow: …` lines. */
function allows(path: string, ...lines: string[]): boolean {
  return rulesOf(parseRobots(['User-agent: *', ...lines].join('\n'), 'gleaner')).allows(
    new URL(ORIGIN + path),
  );
}

describe('a path', () => {
  it.each([
    ['/', [], true],
    ['/x', ['Disallow: /'], false],
    ['/x', ['Disallow: /x'], false],
    ['/xy', ['Disallow: /x'], false],
    ['/X', ['Disallow: /x'], true],
    ['/a/x', ['Disallow: /x'], true],
    ['/x', ['Disallow: x'], true],
    ['/x?q=1', ['Disallow: /x?q'], false],
    ['/x', ['Disallow: /x?'], true],
    // The longest match decides (RFC 9309 §2.2.2, examples of §5.2).
    [
      '/example/page/disallowed.gif',
      ['Allow: /example/page/', 'Disallow: /example/page/disallowed.gif'],
      false,
    ],
    ['/example/page/', ['Allow: /example/page/', 'Disallow: /example/page/disallowed.gif'], true],
    ['/x', ['Allow: /', 'Disallow: /x'], false],
    ['/x/y', ['Disallow: /x', 'Allow: /x/y'], true],
    ['/x', ['Disallow: /x', 'Allow: /x'], true],
    ['/page.htm', ['Allow: /page', 'Disallow: /*.htm'], false],
    // Wildcards.
    ['/a/b.php', ['Disallow: /*.php'], false],
    ['/a/b.php?x', ['Disallow: /*.php$'], true],
    ['/a/b.php', ['Disallow: /*.php$'], false],
    ['/a.php.php', ['Disallow: /*.php$'], false],
    ['/a', ['Disallow: *'], false],
    ['/', ['Disallow: /$'], false],
    ['/a', ['Disallow: /$'], true],
    ['/aa', ['Disallow: /a*a'], false],
    ['/a', ['Disallow: /a*a'], true],
    ['/ab', ['Disallow: /ab*b$'], true],
    ['/a/b/c', ['Disallow: /*/*/c$'], false],
    ['/ab', ['Disallow: /**b'], false],
    // `$` is a character anywhere else, and a path can have `*` as one.
    ['/a$b', ['Disallow: /a$b'], false],
    ['/a*b', ['Disallow: /a%2Ab'], false],
    ['/axb', ['Disallow: /a%2Ab'], true],
    ['/a$', ['Disallow: /a%24'], false],
    // One spelling of encoding.
    ['/caf%C3%A9', ['Disallow: /café'], false],
    ['/café', ['Disallow: /caf%c3%a9'], false],
    ['/~joe', ['Disallow: /%7Ejoe'], false],
    ['/%7ejoe', ['Disallow: /~joe'], false],
    ['/%61', ['Disallow: /a'], false],
    ['/a%2Fb', ['Disallow: /a/b'], true],
    ['/a|b', ['Disallow: /a%7Cb'], false],
    ['/a{b}', ['Disallow: /a{b}'], false],
    ['/a[b]', ['Disallow: /a[b]'], false],
    ['/50%', ['Disallow: /50%'], false],
    // The file itself can always be read.
    ['/robots.txt', ['Disallow: /'], true],
    ['/robots.txt?x', ['Disallow: /'], true],
    ['/robots.txtx', ['Disallow: /'], false],
  ])('%s with %j: %s', (path, lines, allowed) => {
    expect(allows(path, ...lines)).toBe(allowed);
  });

  it('may be fetched exactly when robots-parser says so, as may the crawl delay be', () => {
    const piece = fc.constantFrom('/', 'a', 'b', 'ab', '*', '$', '?', '=', 'é', '%C3%A9', '%2F', 'A', '.');
    const pattern = fc.array(piece, { maxLength: 8 }).map((pieces) => `/${pieces.join('')}`);
    // What only one of the two encodes, or takes for something special in a path, is tested above.
    const path = fc
      .array(
        piece.filter((each) => !/[*$]/.test(each)),
        { maxLength: 8 },
      )
      .map((pieces) => `/${pieces.join('')}`);
    const agent = fc.constantFrom('*', 'gleaner', 'Gleaner/1.0', 'other');
    const line = fc.oneof(
      { weight: 2, arbitrary: agent.map((name) => `User-agent: ${name}`) },
      { weight: 3, arbitrary: pattern.map((each) => `Disallow: ${each}`) },
      { weight: 3, arbitrary: pattern.map((each) => `Allow: ${each}`) },
      { weight: 1, arbitrary: fc.nat(400).map((seconds) => `Crawl-delay: ${seconds}`) },
      { weight: 1, arbitrary: fc.constantFrom('', '# nothing', 'Disallow:') },
    );
    fc.assert(
      fc.property(
        fc.array(line, { maxLength: 20 }),
        fc.array(path, { minLength: 1, maxLength: 10 }),
        (lines, paths) => {
          // A group without even an empty rule is one to us, as in RFC 9309, and none to robots-parser.
          const text = [...lines, 'Disallow:'].join('\n');
          const rules = rulesOf(parseRobots(text, 'gleaner'));
          const other = reference(`${ORIGIN}/robots.txt`, text);
          for (const each of paths) {
            const url = new URL(ORIGIN + each);
            expect(rules.allows(url), each).toBe(other.isAllowed(url.href, 'gleaner'));
          }
          const delay = other.getCrawlDelay('gleaner');
          expect(rules.crawlDelayMs).toBe(delay === undefined ? undefined : Math.min(delay, 300) * 1000);
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('is decided whatever the file and the path are', () => {
    const text = fc
      .string({ unit: 'binary', maxLength: 200 })
      .map((each) => `User-agent: *\nDisallow: ${each}`);
    fc.assert(
      fc.property(text, fc.webPath(), (file, path) => {
        expect(typeof rulesOf(parseRobots(file, 'gleaner')).allows(new URL(ORIGIN + path))).toBe('boolean');
      }),
    );
  });
});
