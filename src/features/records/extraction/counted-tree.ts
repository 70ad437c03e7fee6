import type { Options } from 'css-select';
import type { AnyNode, Document, Element } from 'domhandler';
import { hasChildren, isTag, isText } from 'domhandler';
import { removeSubsets } from 'domutils';
import type { ReadingBudget } from './reading-budget.js';

type Adapter = NonNullable<Options<AnyNode, Element>['adapter']>;

/** Characters that are looked at in the time in which one element is. */
const CHARACTERS_A_STEP = 64;

/** The tree as css-select walks it, each step of which is paid from the budget. */
export function countedTree(budget: ReadingBudget): Adapter {
  const childrenOf = (node: AnyNode): AnyNode[] => (hasChildren(node) ? node.children : []);

  const getText = (node: AnyNode): string => {
    budget.spend(1);
    if (!isText(node)) return childrenOf(node).map(getText).join('');
    budget.spend(node.data.length / CHARACTERS_A_STEP);
    return node.data;
  };

  return {
    isTag: (node): node is Element => {
      budget.spend(1);
      return isTag(node);
    },
    getAttributeValue: (element, name) => {
      const value = attributeOf(element, name);
      if (value !== undefined) budget.spend(value.length / CHARACTERS_A_STEP);
      return value;
    },
    hasAttrib: (element, name) => attributeOf(element, name) !== undefined,
    getName: (element) => element.name,
    getChildren: childrenOf,
    getParent: (element) => element.parent,
    getSiblings: (node) => {
      const siblings = node.parent === null ? [node] : childrenOf(node.parent);
      budget.spend(siblings.length / CHARACTERS_A_STEP);
      return siblings;
    },
    prevElementSibling: (node) => {
      for (let previous = node.prev; previous !== null; previous = previous.prev) {
        budget.spend(1);
        if (isTag(previous)) return previous;
      }
      return null;
    },
    getText,
    removeSubsets,
  };
}

/** Own attributes only: a page knows none named `constructor`, but every object does. */
export function attributeOf(node: Element | Document, name: string): string | undefined {
  return isTag(node) && Object.hasOwn(node.attribs, name) ? node.attribs[name] : undefined;
}
