import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeHtml } from './decode.js';

const HTML = 'text/html';
const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');
const utf16le = (text: string): Buffer => Buffer.from(text, 'utf16le');
const utf16be = (text: string): Buffer => utf16le(text).swap16();
const withMeta = (label: string, text: string): string =>
  `<html><head><meta charset="${label}"></head>${text}`;

const UTF8_BOM = Buffer.from([0xef, 0xbb, 0xbf]);

describe('the encoding of a page', () => {
  it('is that of the header, before byte order mark and meta', () => {
    const body = Buffer.concat([UTF8_BOM, latin1(withMeta('utf-8', 'caf\u00e9'))]);
    expect(decodeHtml(body, 'text/html; charset=iso-8859-1')).toContain('café');
  });

  it.each([
    ['UTF-8', Buffer.concat([UTF8_BOM, Buffer.from(withMeta('iso-8859-1', 'café'))])],
    ['UTF-16 little endian', utf16le(`\ufeff${withMeta('iso-8859-1', 'café')}`)],
    ['UTF-16 big endian', utf16be(`\ufeff${withMeta('iso-8859-1', 'café')}`)],
  ])('is that of the byte order mark for %s, before meta; the mark itself is no text', (_, body) => {
    expect(decodeHtml(body, HTML)).toBe(withMeta('iso-8859-1', 'café'));
  });

  it.each([
    '<meta charset="windows-1251">',
    "<META CHARSET='windows-1251' />",
    '<meta charset=windows-1251>',
    '<meta http-equiv="Content-Type" content="text/html; charset=windows-1251">',
    '<meta\n  charset = "cp1251">',
  ])('is that of %j when nothing before it says otherwise', (meta) => {
    const body = Buffer.concat([
      latin1(`<html><head>${meta}`),
      Buffer.from([0xcf, 0xf0, 0xe8, 0xe2, 0xe5, 0xf2]),
    ]);
    expect(decodeHtml(body, HTML)).toContain('Привет');
  });

  it('is UTF-8 when nothing tells', () => {
    expect(decodeHtml(Buffer.from('<p>日本 – café'), HTML)).toBe('<p>日本 – café');
    expect(decodeHtml(Buffer.from('<p>café'), '')).toBe('<p>café');
  });

  it.each([
    'text/html; charset=klingon',
    'text/html; charset=',
    'text/html; charset="',
    'text/html;charset=utf-99',
  ])('is looked for further on when the header has a label that is not known: %s', (contentType) => {
    expect(decodeHtml(latin1(withMeta('iso-8859-1', 'caf\u00e9')), contentType)).toContain('café');
  });

  it('is UTF-8 when meta has a label that is not known', () => {
    expect(decodeHtml(Buffer.from(withMeta('klingon', 'café')), HTML)).toContain('café');
  });

  it('is not taken from a meta that only talks about charsets', () => {
    const about = '<meta name="description" content="All about the charset of pages">';
    expect(decodeHtml(latin1(about + withMeta('iso-8859-1', 'caf\u00e9')), HTML)).toContain('café');
  });

  it('is not UTF-16 because a meta says so: it could not have been read if it were (HTML Standard, prescan)', () => {
    expect(decodeHtml(Buffer.from(withMeta('utf-16', 'café')), HTML)).toBe(withMeta('utf-16', 'café'));
  });

  it('is not looked for beyond the first 1024 bytes', () => {
    const meta = '<meta charset="iso-8859-1">';
    const early = Buffer.from(' '.repeat(1024 - meta.length) + meta + 'é');
    const late = Buffer.from(' '.repeat(1025) + meta + 'é');
    expect(decodeHtml(early, HTML)).toContain('Ã©');
    expect(decodeHtml(late, HTML)).toMatch(/é$/);
  });

  it('is windows-1252 for the label of Latin-1, as browsers have it', () => {
    const curly = Buffer.from([0x93, 0x41, 0x94]);
    for (const label of ['iso-8859-1', 'latin1', 'ASCII', 'windows-1252']) {
      expect(decodeHtml(curly, `text/html; charset=${label}`)).toBe('“A”');
    }
  });

  it.each([
    'text/html; charset="utf-16le"',
    "text/html;CHARSET='UTF-16LE'",
    'text/html; foo=1; charset = utf-16le',
  ])('is understood however the header writes it: %s', (contentType) => {
    expect(decodeHtml(utf16le('日本'), contentType)).toBe('日本');
  });
});

describe('the text of a page', () => {
  it('comes back as it was encoded', () => {
    const text = fc.string({ unit: 'binary' }).filter((each) => !each.startsWith('\ufeff'));
    fc.assert(
      fc.property(text, (written) => {
        expect(decodeHtml(Buffer.from(written), 'text/html; charset=utf-8')).toBe(written);
        expect(decodeHtml(utf16le(written), 'text/html; charset=utf-16le')).toBe(written);
      }),
    );
  });

  it('is text whatever the bytes and the header are: nothing makes decoding throw', () => {
    const label = fc.oneof(
      fc.string(),
      fc.constantFrom('utf-8', 'gbk', 'shift_jis', 'utf-16', 'replacement', 'x-user-defined'),
    );
    const prefix = fc.constantFrom('', '<meta charset=', '\xff\xfe', '\xfe\xff', '\xef\xbb\xbf');
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), prefix, label, (bytes, before, name) => {
        const body = Buffer.concat([latin1(before), bytes]);
        expect(typeof decodeHtml(body, `text/html; charset=${name}`)).toBe('string');
        expect(typeof decodeHtml(Buffer.concat([latin1(`${before}${name}>`), bytes]), HTML)).toBe('string');
      }),
    );
  });

  it('has a replacement character for a byte that does not fit, and all the rest', () => {
    const body = Buffer.concat([Buffer.from('before '), Buffer.from([0xff]), Buffer.from(' after')]);
    expect(decodeHtml(body, HTML)).toBe('before \ufffd after');
  });

  it('is that of the body alone, when the body is a part of a larger buffer', () => {
    const whole = Buffer.from('<meta charset="iso-8859-1">café');
    expect(decodeHtml(whole.subarray(27), HTML)).toBe('café');
  });
});
