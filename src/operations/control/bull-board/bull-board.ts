import { createBullBoard } from '@bull-board/api';
import { BullAdapter } from '@bull-board/api/bullAdapter';
import { FastifyAdapter } from '@bull-board/fastify';
import { Injectable } from '@nestjs/common';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { shownJson } from '../../../core/redaction/index.js';
import { assertRole } from '../../../platform/auth/index.js';
import { Queues } from '../../../platform/queues/index.js';
import { NotOnTheBoardError } from './bull-board.errors.js';

/** Where the board is. */
export const BULL_BOARD_PATH = '/ops/bull';

/** Jobs that it would make or change without what a task needs: its envelope, and what is hidden here. */
const NOT_HERE = /\/(?:add|update-data)$/;
const MAX_SHOWN_BYTES = 16 * 1024;

/**
 * Bull's own board, for admins: a way to look at queues and move jobs past everything that Gleaner adds to Bull. What is
 * done here is audited by its path; the history hears of it when it is compared with the queues.
 *
 * Nest's guards do not run for its routes, so the hook below is what keeps them closed, its files included.
 */
@Injectable()
export class BullBoard {
  constructor(private readonly queues: Queues) {}

  /** Must be called after the hooks which find out who asks. */
  mount(server: FastifyInstance): void {
    const board = new FastifyAdapter().setBasePath(BULL_BOARD_PATH);
    createBullBoard({
      queues: [...this.queues.all.values()].map((queue) => {
        const adapter = new BullAdapter(queue);
        for (const field of ['data', 'returnValue'] as const) adapter.setFormatter(field, shown);
        return adapter;
      }),
      serverAdapter: board,
      options: { uiConfig: { boardTitle: 'Gleaner: queues', hideRedisDetails: true } },
    });
    void server.register(
      (scope, options, done) => {
        scope.addHook('onRequest', (request, _reply, next) => next(refusalOf(request)));
        // With an error handler of its own it would show the inside, and tell nobody what to do about a missing key.
        const keepsHandler = Object.create(scope, {
          setErrorHandler: { value: () => scope },
        }) as FastifyInstance;
        board.registerPlugin()(keepsHandler, options, done);
      },
      { prefix: BULL_BOARD_PATH },
    );
  }
}

function refusalOf(request: FastifyRequest): Error | undefined {
  try {
    assertRole(request.principal, 'admin');
    // The route, for a URL can be written in many ways that lead to it.
    return NOT_HERE.test(request.routeOptions.url ?? '') ? new NotOnTheBoardError() : undefined;
  } catch (error) {
    return error as Error;
  }
}

const shown = (value: unknown): unknown =>
  value === undefined ? value : JSON.parse(shownJson(value, MAX_SHOWN_BYTES).json);
