/** A caller of provideServices as a process of its own, to be killed. Arguments: <folder> <ephemeral|persistent> */
import { provideServices } from './index.ts';

const [dir = '', fate] = process.argv.slice(2);
const services = await provideServices({
  dir,
  ephemeral: fate === 'ephemeral',
  say: (line) => console.error(line),
});
console.log(JSON.stringify({ databaseUrl: services.databaseUrl, redisUrl: services.redisUrl }));
process.stdin.resume();
process.stdin.once('end', () => void services.stop());
