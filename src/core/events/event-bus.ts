import { Injectable, Logger, Module, type Type } from '@nestjs/common';

type Listener = (event: object) => void | Promise<void>;

/**
 * Tells whoever wants to know what has happened, within this process and after the fact. Nothing that must happen
 * depends on it: what a listener fails at is logged, and a process that ends takes what it has not told with it.
 */
@Injectable()
export class EventBus {
  private readonly logger = new Logger(EventBus.name);
  private readonly listeners = new Map<Type<object>, Listener[]>();

  /** @param listener is called for every event of the class; its failure concerns nobody else. */
  subscribe<E extends object>(type: Type<E>, listener: (event: E) => void | Promise<void>): void {
    const known = this.listeners.get(type) ?? [];
    this.listeners.set(type, [...known, listener as Listener]);
  }

  publish(event: object): void {
    for (const listener of this.listeners.get(event.constructor as Type<object>) ?? []) {
      void this.tell(listener, event);
    }
  }

  private async tell(listener: Listener, event: object): Promise<void> {
    try {
      await listener(event);
    } catch (error) {
      this.logger.error({ err: error, event: event.constructor.name }, 'a listener failed');
    }
  }
}

@Module({ providers: [EventBus], exports: [EventBus] })
export class EventsModule {}
