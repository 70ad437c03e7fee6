import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { randomUUID } from 'node:crypto';
import { MoreThan, Repository } from 'typeorm';
import { NotFoundError } from '../../../core/errors/index.js';
import { SilenceOverError } from '../alerting.errors.js';
import { AlertSilence } from './alert-silence.entity.js';

/** Silences that are listed; nobody has so many at a time. */
const MAX_LISTED = 500;

export type NewSilence = Pick<AlertSilence, 'rule' | 'labels' | 'reason' | 'createdBy' | 'endsAt'>;

/** Keeps people from being told of what they know. */
@Injectable()
export class Silences {
  constructor(@InjectRepository(AlertSilence) private readonly silences: Repository<AlertSilence>) {}

  /** Those that last, the one that ends first at first. */
  async list(): Promise<AlertSilence[]> {
    return this.silences.find({
      where: { endsAt: MoreThan(new Date()) },
      order: { endsAt: 'ASC', id: 'ASC' },
      take: MAX_LISTED,
    });
  }

  async create(silence: NewSilence): Promise<AlertSilence> {
    const created = this.silences.create({ id: randomUUID(), ...silence });
    await this.silences.insert(created);
    return this.silences.findOneByOrFail({ id: created.id });
  }

  /**
   * Ends one that lasts; what fires is told of with the next evaluation.
   * @throws NotFoundError, SilenceOverError
   */
  async end(id: string): Promise<void> {
    const { affected } = await this.silences.update(
      { id, endsAt: MoreThan(new Date()) },
      { endsAt: new Date() },
    );
    if (affected === 1) return;
    if (await this.silences.existsBy({ id })) throw new SilenceOverError(id);
    throw new NotFoundError('silence', id);
  }
}
