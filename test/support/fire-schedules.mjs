// A scheduler in a process of its own, whose target "test.count" keeps a row for each slot that it fires.
// Argument: milliseconds that it stays inside the transaction of its fifth slot, after saying so; absent: none.
import 'reflect-metadata';
import { Injectable } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { setTimeout as delay } from 'node:timers/promises';

const { AppModule } = await import('../../dist/app/app.module.js');
const { loadConfig } = await import('../../dist/core/config/index.js');
const { ScheduleTarget } = await import('../../dist/platform/scheduling/index.js');

const staysMs = Number(process.argv[2] ?? 0);
let asked = 0;

class CountTarget {
  async fire({ scheduleId, scheduledFor }, manager) {
    await manager.query('INSERT INTO fired (schedule_id, slot, pid) VALUES ($1, $2, $3)', [
      scheduleId,
      scheduledFor,
      process.pid,
    ]);
    if (++asked === 5 && staysMs > 0) {
      process.stdout.write('inside\n');
      await delay(staysMs);
    }
    return { outcome: 'fired' };
  }
}
Injectable()(CountTarget);
ScheduleTarget('test.count')(CountTarget);

const scheduler = AppModule.forMode('scheduler', loadConfig(process.env));
const withTarget = { ...scheduler, providers: [...scheduler.providers, CountTarget] };
await NestFactory.createApplicationContext(withTarget, { logger: false, abortOnError: false });
process.stdout.write('ready\n');
