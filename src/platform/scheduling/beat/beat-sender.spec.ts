import 'reflect-metadata';
import type { DataSource } from 'typeorm';
import { beforeEach, describe, expect, it } from 'vitest';
import type { TaskQueue } from '../../queues/index.js';
import { BeatSender } from './beat-sender.js';
import { beatHeartbeat } from './beat.task.js';

let now: Date;
let away: boolean;
let sent: { payload: { slot: string; sentAt: string; schedulerId: string }; id: string }[];

beforeEach(() => {
  now = new Date('2026-05-01T12:00:07.123Z');
  away = false;
  sent = [];
});

function newSender(): BeatSender {
  const clock = { query: async () => [{ now }] };
  const tasks = {
    enqueue: async (_task: unknown, payload: (typeof sent)[number]['payload'], { id }: { id: string }) => {
      if (away) throw new Error('Redis is away');
      sent.push({ payload, id });
    },
  };
  return new BeatSender(clock as unknown as DataSource, tasks as unknown as TaskQueue);
}

const pass = (seconds: number): void => void (now = new Date(now.getTime() + seconds * 1000));

describe('heartbeats', () => {
  it('are sent once in every half minute, however often it is looked', async () => {
    const sender = newSender();
    for (let look = 0; look < 16; look++) {
      await sender.runOnce();
      pass(5);
    }
    expect(sent.map(({ payload }) => payload.slot)).toEqual([
      '2026-05-01T12:00:00.000Z',
      '2026-05-01T12:00:30.000Z',
      '2026-05-01T12:01:00.000Z',
    ]);
    expect(sent[0]?.payload).toMatchObject({ sentAt: '2026-05-01T12:00:07.123Z' });
    expect(beatHeartbeat.schema.safeParse(sent[0]?.payload).success).toBe(true);
  });

  it('have the same id whoever sends them, so that the queue keeps one', async () => {
    await newSender().runOnce();
    pass(15);
    await newSender().runOnce();
    const ids = sent.map(({ id }) => id);
    expect(ids).toEqual(['beat-1777636800', 'beat-1777636800']);
  });

  it('are tried again in their half minute when the queue did not take them', async () => {
    const sender = newSender();
    away = true;
    await expect(sender.runOnce()).rejects.toThrow('Redis is away');
    away = false;
    pass(5);
    await sender.runOnce();
    expect(sent).toHaveLength(1);
  });
});
