import { describe, expect, it } from 'vitest';
import type { CrawlLimits } from '../../sources/index.js';
import { StatCounter } from '../runs/run-stats.js';
import { SourceUrls } from './source-urls.js';

function urlsOf(scope: object = {}, limits: Partial<CrawlLimits> = {}): SourceUrls {
  return new SourceUrls({
    startUrls: ['http://a.example/start', 'https://b.example:8443/'],
    scope: { allowedHosts: [], dropTrackingParameters: false, sitemaps: false, ...scope },
    limits: { maxDepth: null, ...limits } as CrawlLimits,
  });
}

function admit(urls: SourceUrls, url: string, depth = 1) {
  const stats = new StatCounter();
  return { request: urls.admit({ url, callback: 'page' }, depth, stats), stats: stats.toJSON() };
}

describe('the URLs of a source', () => {
  it('are those of the hosts of its start URLs and of those that it allows', () => {
    const urls = urlsOf({ allowedHosts: ['Static.Example', 'c.example:81'] });
    for (const url of [
      'http://a.example/x',
      'https://a.example/x',
      'http://b.example/',
      'http://static.example/',
      'http://c.example:81/',
    ]) {
      expect(admit(urls, url).request, url).toBeDefined();
    }
    for (const url of [
      'http://c.example/',
      'http://www.a.example/',
      'http://a.example.evil.example/',
      'ftp://a.example/',
      'mailto:x@a.example',
      'javascript:alert(1)',
      'not a url',
      `http://a.example/${'x'.repeat(5000)}`,
    ]) {
      expect(admit(urls, url), url).toEqual({ request: undefined, stats: { 'offsite/filtered': 1 } });
    }
  });

  it('become requests with a fingerprint of their canonical form, and stay as they were found', () => {
    const urls = urlsOf();
    const one = admit(urls, 'http://a.example/x?b=2&a=1#top').request;
    expect(one).toMatchObject({
      url: 'http://a.example/x?b=2&a=1',
      host: 'a.example',
      callback: 'page',
      depth: 1,
    });
    expect(admit(urls, 'http://A.example:80/x?a=1&b=2').request?.fingerprint).toBe(one?.fingerprint);
  });

  it('lose what tracks visitors when the source says so', () => {
    const [a, b] = ['http://a.example/x?utm_source=y', 'http://a.example/x'];
    const fingerprint = (urls: SourceUrls, url: string) => admit(urls, url).request?.fingerprint;
    expect(fingerprint(urlsOf(), a)).not.toBe(fingerprint(urlsOf(), b));
    const dropping = urlsOf({ dropTrackingParameters: true });
    expect(fingerprint(dropping, a)).toBe(fingerprint(dropping, b));
  });

  it('are not followed too deep', () => {
    const urls = urlsOf({}, { maxDepth: 2 });
    expect(admit(urls, 'http://a.example/x', 2).request).toBeDefined();
    expect(admit(urls, 'http://a.example/y', 3)).toEqual({
      request: undefined,
      stats: { 'depth/filtered': 1 },
    });
  });

  it('are found once: what is in the frontier is counted as a duplicate', () => {
    const urls = urlsOf();
    const { request } = admit(urls, 'http://a.example/x');
    expect(admit(urls, 'http://a.example/x').request).toBeDefined();
    urls.remember([request!]);
    expect(admit(urls, 'http://a.example/x')).toEqual({
      request: undefined,
      stats: { 'dupefilter/filtered': 1 },
    });
  });

  it('refuse a redirect that leads away', () => {
    const urls = urlsOf();
    expect(() => urls.requireOnSite(new URL('http://elsewhere.example/'))).toThrow(
      'leaves the hosts of its source',
    );
    urls.requireOnSite(new URL('http://a.example/other'));
  });
});
