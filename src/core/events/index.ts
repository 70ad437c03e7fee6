export { EventBus, EventsModule } from './event-bus.js';
