import { clearFaces, ofPerson, relabelled, reportOf } from '../testing/galleries.js';
import { html } from './markup.js';
import { counted, grouped, outOf, percent } from './numbers.js';
import { reportPage } from './page.js';

const sound = reportOf(clearFaces());
const spoiled = () => {
  const samples = clearFaces();
  const half = ofPerson(samples, 'per_0002').slice(4);
  const [stray] = ofPerson(samples, 'per_0000');
  return reportOf(relabelled(relabelled(samples, half, 'per_twin'), stray ? [stray] : [], 'per_0001'));
};
const lead = (page: string) => /<p class="lead">([^<]*)<\/p>/.exec(page)?.[1];

describe('the page', () => {
  const page = reportPage(spoiled());

  it('needs nothing from anywhere and runs nothing', () => {
    expect(page).not.toMatch(/https?:|\/\/[a-z]|url\(|@import|<script|<link|<img|<iframe|javascript:|\son[a-z]+=/i);
    expect(page).toContain("default-src 'none'; style-src 'unsafe-inline'");
  });

  it('begins with a sentence for people', () => {
    expect(lead(reportPage(sound))).toMatch(
      /^About \d+ of 100 photos of enrolled people are recognised, and about 1 of 100 strangers is taken for somebody; nothing looks wrong with the photos\.$/,
    );
    expect(lead(page)).toMatch(/; 1 photo looks mislabelled and 1 pair of records looks like one person\.$/);
    expect(lead(reportPage(reportOf(clearFaces({ photos: 1 }))))).toMatch(/cannot be judged yet/);
    expect(lead(reportPage(reportOf(clearFaces({ people: 1, photos: 4 }))))).toMatch(
      /only 4 photos could be judged, which is too little to say/,
    );
  });

  it('of a version that was refused says so before anything else, and why', () => {
    const refused = reportPage(sound, { refusal: 'worse on 9 of 40 <photos>' });
    expect(refused).toContain('The gate refused this version, so it was not published: worse on 9 of 40 &lt;photos&gt;.');
    expect(refused.indexOf('The gate refused')).toBeLessThan(refused.indexOf('Enrolled'));
    expect(reportPage(sound)).not.toContain('The gate refused');
  });

  it('names photos by digest and people by id', () => {
    for (const photo of spoiled().suspiciousPhotos.listed) expect(page).toContain(photo.photo);
    expect(page).toContain('per_twin');
  });

  it('gives words for every drawing, and headers for every table', () => {
    const drawings = page.match(/<svg[^>]*>/g) ?? [];
    expect(drawings.length).toBeGreaterThan(2);
    for (const drawing of drawings) expect(drawing).toMatch(/role="img" aria-label(ledby)?="[^"]+"/);
    for (const [, ids] of page.matchAll(/aria-labelledby="([^"]+)"/g)) {
      for (const id of (ids ?? '').split(' ')) expect(page).toContain(` id="${id}">`);
    }
    const tables = page.split('<table>').slice(1);
    expect(tables.length).toBeGreaterThan(3);
    for (const table of tables) expect(table).toMatch(/<caption>[^]*<th scope="col">[^]*<th scope="row">/);
  });

  it('balances its elements', () => {
    const open: string[] = [];
    for (const [, closing, name = '', self] of page.matchAll(/<(\/?)([a-z][a-z0-9]*)[^>]*?(\/?)>/g)) {
      if (self || ['meta', 'br'].includes(name)) continue;
      if (closing) expect(open.pop()).toBe(name);
      else open.push(name);
    }
    expect(open).toEqual([]);
  });

  it('draws no number that is none', () => {
    for (const report of [sound, spoiled(), reportOf(clearFaces({ people: 1 })), reportOf(clearFaces({ people: 2, photos: 1 }))]) {
      expect(reportPage(report)).not.toMatch(/NaN|Infinity|undefined|\[object|null/);
    }
  });

  it('escapes whatever comes from outside', () => {
    const hostile = '"><script>alert(1)</script>&\'';
    const samples = clearFaces().map((s) => (s.personId === 'per_0001' ? { ...s, personId: hostile } : s));
    const hostilePage = reportPage(reportOf(samples, { version: hostile, pipeline: hostile }));
    expect(hostilePage).not.toContain('<script');
    expect(hostilePage).toContain('&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;&#39;');
  });

  it('is the same for the same report', () => {
    expect(reportPage(spoiled())).toBe(page);
  });
});

describe('markup', () => {
  it('escapes text and keeps markup, in lists, too', () => {
    expect(html`<p title="${'"'}">${['<', html`<br />`, 1, null]}</p>`.text).toBe('<p title="&quot;">&lt;<br />1</p>');
  });
});

describe('a number on the page', () => {
  it.each([
    [0, '0 %'],
    [1, '100 %'],
    [0.98234, '98.2 %'],
    [0.99996, '99.99 %'],
    [0.9999999, '99.99 %'],
    [0.4, '40 %'],
    [0.0001, '0.01 %'],
    [0.00349, '0.35 %'],
  ])('%d is %s', (share, text) => {
    expect(percent(share)).toBe(text);
  });

  it.each([
    [0.01, '1 of 100'],
    [0.015, '1.5 of 100'],
    [0.003, '3 of 1,000'],
    [0.0001, '1 of 10,000'],
    [0.5, '50 of 100'],
  ])('%d is %s', (share, text) => {
    expect(outOf(share)).toBe(text);
  });

  it('has commas and agrees with its noun', () => {
    expect([grouped(999), grouped(1000), grouped(1234567)]).toEqual(['999', '1,000', '1,234,567']);
    expect([counted(1, 'photo'), counted(2, 'person', 'people')]).toEqual(['1 photo', '2 people']);
  });
});
