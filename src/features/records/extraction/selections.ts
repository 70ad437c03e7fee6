import { _compileUnsafe, type Options, selectAll, selectOne } from 'css-select';
import { type AnyNode, Document, type Element } from 'domhandler';
import { countedTree } from './counted-tree.js';
import type { ReadingBudget } from './reading-budget.js';

type SelectOptions = Options<AnyNode, Element>;

/** An element, or all of a page. */
export type Root = Element | Document;

/** A compiled selector. */
export interface Selection {
  /** In the order of the page. */
  all(within: Root): Element[];
  first(within: Root): Element | undefined;
}

/** Compiles selectors to be used on many pages. */
export class Selections {
  private readonly adapter: SelectOptions['adapter'];

  constructor(budget: ReadingBudget) {
    this.adapter = countedTree(budget);
  }

  /** For use on whole pages. */
  ofPage(selector: string): Selection {
    const options: SelectOptions = { adapter: this.adapter };
    const query = _compileUnsafe<AnyNode, Element>(selector, options);
    return {
      all: (page) => selectAll<AnyNode, Element>(query, page, options),
      first: (page) => selectOne<AnyNode, Element>(query, page, options) ?? undefined,
    };
  }

  /** For use within elements, one after another: `:scope`, and what a selector that begins with `>` begins at. */
  ofItem(selector: string): Selection {
    // css-select looks at the one element of this list whenever it matches; not being one, a document leaves the
    // rest of the selector free to match around the item, as it is with querySelectorAll().
    const scope: AnyNode[] = [new Document([])];
    // What is remembered of one item would be wrong for another.
    const options: SelectOptions = { adapter: this.adapter, cacheResults: false };
    const query = _compileUnsafe<AnyNode, Element>(selector, options, scope);
    return {
      all: (item) => {
        scope[0] = item;
        return selectAll<AnyNode, Element>(query, item, options);
      },
      first: (item) => {
        scope[0] = item;
        return selectOne<AnyNode, Element>(query, item, options) ?? undefined;
      },
    };
  }
}
