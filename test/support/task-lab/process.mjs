// The compiled application with the tasks of the lab on top of it, in the mode that MODE names.
import 'reflect-metadata';
import { LabModule } from './lab.mjs';

const { start } = await import('../../../dist/app/start.js');
await start([LabModule]);
