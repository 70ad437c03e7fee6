import pg from 'pg';
import { QueryFailedError, QueryRunnerAlreadyReleasedError } from 'typeorm';
import { describe, expect, it } from 'vitest';
import {
  DatabaseUnavailableError,
  fromConnectError,
  fromQueryError,
  StatementTimeoutError,
} from './database.errors.js';

function failed(driverError: Error): QueryFailedError {
  return new QueryFailedError('SELECT 1', [], driverError);
}

function answered(code: string): QueryFailedError {
  return failed(Object.assign(new pg.DatabaseError('no', 2, 'error'), { code }));
}

describe('an answer of the server', () => {
  it.each(['08006', '08P01', '53300', '57P01', '57P02', '57P03', '57P05', '25P03'])(
    '%s says that the database is away',
    (code) => {
      expect(fromQueryError(answered(code))).toBeInstanceOf(DatabaseUnavailableError);
    },
  );

  it('57014 says that the statement took too long', () => {
    expect(fromQueryError(answered('57014'))).toBeInstanceOf(StatementTimeoutError);
  });

  it.each(['42601', '23505', '22P02', '40P01', '40001', '53100', '28P01', '57P04'])(
    '%s is a fault of its own, and stays what it is',
    (code) => {
      const error = answered(code);
      expect(fromQueryError(error)).toBe(error);
    },
  );
});

describe('no answer', () => {
  it('means that the database is away, whatever the text', () => {
    for (const error of [new Error('anything'), Object.assign(new Error('x'), { code: 'ECONNRESET' })])
      expect(fromQueryError(failed(error))).toBeInstanceOf(DatabaseUnavailableError);
    expect(fromQueryError(new QueryRunnerAlreadyReleasedError())).toBeInstanceOf(DatabaseUnavailableError);
    expect(fromConnectError(new Error('timeout'))).toMatchObject({ retryable: true, httpStatus: 503 });
  });

  it('does not cover up faults of the code', () => {
    const refused = failed(new TypeError('Client was passed a null or undefined query'));
    expect(fromQueryError(refused)).toBe(refused);
    const other = new Error('not of the database at all');
    expect(fromQueryError(other)).toBe(other);
  });
});
