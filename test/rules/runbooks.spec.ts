import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { pageOf } from '../../scripts/dashboards/index.ts';
import { commandsOf } from '../support/runbook.js';
import { understood } from '../support/understood-command.js';

const FOLDER = 'docs/runbooks';
const RULES = 'docker/prometheus/rules';
const HEADINGS = ['Meaning', 'Impact', 'Check', 'Fix', 'Silence'];

const files = readdirSync(FOLDER);
const pages = files.filter((file) => file !== 'README.md');
const alerts = readdirSync(RULES).flatMap((file) => {
  const { groups } = parse(readFileSync(`${RULES}/${file}`, 'utf8')) as {
    groups: { rules: { alert: string; annotations: { runbook_url: string } }[] }[];
  };
  return groups.flatMap(({ rules }) => rules);
});
const read = (page: string): string => readFileSync(`${FOLDER}/${page}`, 'utf8');

describe('docs/runbooks', () => {
  it('has a page for every alert of Prometheus, and no other', () => {
    expect(alerts).not.toEqual([]);
    expect(pages.sort()).toEqual([...new Set(alerts.map(({ alert }) => pageOf(alert)))].sort());
  });

  it('is where alerts link to', () => {
    const elsewhere = alerts.filter(
      ({ alert, annotations }) => !annotations.runbook_url.endsWith(`/${pageOf(alert)}`),
    );
    expect(elsewhere).toEqual([]);
  });

  it('lists its pages', () => {
    const listed = [...read('README.md').matchAll(/^- \[(\w+)\]\(([\w-]+\.md)\)$/gm)];
    expect(new Set(listed.map(([, , page]) => page))).toEqual(new Set(pages));
    for (const [, alert = '', page] of listed) expect(page).toBe(pageOf(alert));
  });

  it.each(files)('%s links to pages that there are', (page) => {
    const links = [...read(page).matchAll(/\]\(([^)#]+)\)/g)].map(([, link = '']) => link);
    expect(links.filter((link) => !existsSync(`${FOLDER}/${link}`))).toEqual([]);
  });

  it.each(pages)('%s tells what it means, and what to do', (page) => {
    const [title = '', ...sections] = read(page).split(/^## /m);
    expect(title).toMatch(/^# \w+\n\n$/);
    expect(pageOf(title.slice(2).trim())).toBe(page);
    expect(sections.map((section) => section.split('\n')[0])).toEqual(HEADINGS);
    expect(sections.filter((section) => section.split('\n').slice(1).join('').trim() === '')).toEqual([]);
  });

  it.each(files)('%s names commands that there are', async (page) => {
    for (const line of commandsOf(page, 'gleaner')) {
      expect(await understood(line), line).toMatchObject({ status: 0, began: true });
    }
  });

  it.each(files)('%s names nothing that no test knows', (page) => {
    const programs = commandsOf(page).map((line) => line.split(' ')[0]);
    expect(programs.filter((program) => !/^(?:gleaner|curl|docker|amtool)$/.test(program ?? ''))).toEqual([]);
  });
});
