import { Column, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';

@Entity('tag')
@Index('uq_tag_name', ['name'], { unique: true })
export class Tag {
  @PrimaryGeneratedColumn('identity', { type: 'integer', generatedIdentity: 'ALWAYS' })
  id!: number;

  @Column('text')
  name!: string;
}
