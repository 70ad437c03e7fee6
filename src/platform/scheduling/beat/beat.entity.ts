import { Check, Column, Entity, PrimaryColumn } from 'typeorm';

/** The newest heartbeat that has gone all the way: from a scheduler through the queue to a worker. One row. */
@Entity('beat')
@Check('ck_beat_id', 'id = 1')
export class Beat {
  @PrimaryColumn('smallint')
  id!: number;

  /** Which beat it is: the beginning of its half minute. */
  @Column({ type: 'timestamptz', precision: 3 })
  slot!: Date;

  @Column({ type: 'timestamptz', precision: 3 })
  sentAt!: Date;

  @Column({ type: 'timestamptz', precision: 3 })
  receivedAt!: Date;

  /** Milliseconds between the two. */
  @Column('integer')
  latencyMs!: number;

  /** Host and process that sent it. */
  @Column('text')
  schedulerId!: string;

  /** Host and process that wrote it. */
  @Column('text')
  workerId!: string;
}
