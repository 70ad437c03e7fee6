import { Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { type CachedDocument, DocumentAnswers } from '../../../platform/caching/index.js';
import { DataAges } from '../../sources/index.js';
import { QUOTES_SOURCE } from '../quotes.tags.js';

/** Answers reads of quotes, authors and tags, and says how old what they show is. */
@Injectable()
export class QuoteAnswers {
  constructor(
    private readonly answers: DocumentAnswers,
    private readonly ages: DataAges,
  ) {}

  showAge(reply: FastifyReply): void {
    this.ages.show(reply, QUOTES_SOURCE);
  }

  send(reply: FastifyReply, document: CachedDocument | Promise<CachedDocument>): void | Promise<void> {
    this.showAge(reply);
    return this.answers.send(reply, document);
  }
}
