import { compiled } from './application.ts';

/** Makes the cursor of a list's page behind the row with this key: paging there would take thousands of requests. */
export async function cursorMaker(): Promise<(key: readonly unknown[]) => string> {
  const { toPage } = await compiled<{
    toPage: (
      rows: readonly (readonly unknown[])[],
      limit: number,
      keyOf: (row: readonly unknown[]) => readonly unknown[],
      toItem: (row: readonly unknown[]) => unknown,
    ) => { nextCursor: string | null };
  }>('core/http/index.js');
  return (key) => {
    // One row more than the limit: there is a next page, whose cursor is the key of the row before.
    const { nextCursor } = toPage(
      [key, key],
      1,
      (row) => row,
      (row) => row,
    );
    if (nextCursor === null) throw new Error('a page with another one behind it has no cursor');
    return nextCursor;
  };
}
