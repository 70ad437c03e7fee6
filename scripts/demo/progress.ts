import type { WriteStream } from 'node:tty';

const WIDTH = 30;

/** Draws a bar that moves on a terminal; elsewhere, a line whenever something has changed. */
export function progressLine(out: WriteStream): (stats: Record<string, number>, ended: boolean) => void {
  let last = '';
  return (stats, ended) => {
    const {
      'scheduler/dequeued': done = 0,
      'scheduler/enqueued': known = 0,
      item_scraped_count: items = 0,
    } = stats;
    const filled = known > 0 ? Math.round((done / known) * WIDTH) : 0;
    const bar = '█'.repeat(filled) + '░'.repeat(WIDTH - filled);
    const line = `scraping  ${bar}  ${done}/${known} pages, ${items} items`;
    if (out.isTTY) out.write(`\r${line}\u001b[K${ended ? '\n' : ''}`);
    else if (line !== last) out.write(`${line}\n`);
    last = line;
  };
}
