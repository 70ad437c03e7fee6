import { Check, Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';
import type { Role } from './roles.js';

/** A key that programs and people present. What is stored does not let anybody in: only a hash of it. */
@Entity('api_key')
@Check('ck_api_key_role', `role IN ('viewer', 'operator', 'admin')`)
@Check('ck_api_key_hash', 'octet_length(hash) = 32')
export class ApiKey {
  /** The part of the key that may be seen: in lists, logs and audit entries. */
  @PrimaryColumn('text')
  id!: string;

  /** What people call it. */
  @Column('text')
  name!: string;

  @Column('text')
  role!: Role;

  /** SHA-256 of the whole key. */
  @Column('bytea')
  hash!: Buffer;

  @CreateDateColumn({ type: 'timestamptz', precision: 3 })
  createdAt!: Date;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  expiresAt!: Date | null;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  revokedAt!: Date | null;

  /** Within a minute or two; see LastUsed. */
  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  lastUsedAt!: Date | null;
}
