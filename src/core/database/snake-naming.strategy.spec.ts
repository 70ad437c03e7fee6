import { Table } from 'typeorm';
import { describe, expect, it } from 'vitest';
import { SnakeNamingStrategy } from './snake-naming.strategy.js';

const names = new SnakeNamingStrategy();

describe('names in PostgreSQL', () => {
  it.each([
    ['Quote', 'quote'],
    ['QuoteTag', 'quote_tag'],
    ['RunRequestEntity', 'run_request'],
  ])('calls the table of %s %s', (className, table) => {
    expect(names.tableName(className, undefined)).toBe(table);
  });

  it('keeps the name that was given to a table', () => {
    expect(names.tableName('Quote', 'MyQuotes')).toBe('MyQuotes');
  });

  it.each([
    ['id', 'id'],
    ['bornOn', 'born_on'],
    ['detailsScraped', 'details_scraped'],
    ['sha256Hash', 'sha256_hash'],
  ])('calls the column of %s %s', (property, column) => {
    expect(names.columnName(property, undefined, [])).toBe(column);
  });

  it('puts the names of embedding properties in front', () => {
    expect(names.columnName('downloadDelay', undefined, ['ourPoliteness'])).toBe(
      'our_politeness_download_delay',
    );
  });

  it('keeps words, not letters, apart in an abbreviation', () => {
    expect(names.columnName('startURL', undefined, [])).toBe('start_url');
  });

  it('gives constraints names that a person can read, without the schema', () => {
    const table = new Table({ name: 'public.quote_tag' });
    expect(names.primaryKeyName(table)).toBe('pk_quote_tag');
    expect(names.foreignKeyName(table, ['tag_id'])).toBe('fk_quote_tag_tag_id');
    expect(names.uniqueConstraintName('quote', ['source_id', 'text_hash'])).toBe(
      'uq_quote_source_id_text_hash',
    );
  });
});
