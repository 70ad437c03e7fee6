import { render } from 'dom-serializer';
import { hasChildren, isTag, isText } from 'domhandler';
import type { Root } from './selections.js';
import type { ReadingBudget } from './reading-budget.js';

/** Their text is for programs; who wants it selects them themselves. */
const UNREAD = new Set(['script', 'style', 'template', 'noscript']);

/** Elements that stand on lines or in cells of their own: between `<li>a</li><li>b</li>` there is a space. */
const APART = new Set(
  (
    'address article aside blockquote br caption dd details div dl dt fieldset figcaption figure footer form h1 h2 h3 ' +
    'h4 h5 h6 header hr legend li main nav ol option p pre section summary table tbody td tfoot th thead tr ul'
  ).split(' '),
);

/** Text of an element as a reader sees it: without scripts, and with words of different lines apart. */
export function textOf(element: Root, budget: ReadingBudget): string {
  const [only] = element.children;
  if (element.children.length === 1 && only && isText(only)) {
    budget.take(only.data.length);
    return normalise(only.data);
  }
  const parts: string[] = [];
  collect(element, parts, budget);
  return normalise(parts.join(''));
}

function collect(parent: Root, parts: string[], budget: ReadingBudget): void {
  for (const node of parent.children) {
    budget.spend(1);
    if (isText(node)) {
      budget.take(node.data.length);
      parts.push(node.data);
    } else if (isTag(node) && !UNREAD.has(node.name)) {
      const apart = APART.has(node.name);
      if (apart) parts.push(' ');
      if (hasChildren(node)) collect(node, parts, budget);
      if (apart) parts.push(' ');
    }
  }
}

/** What is in an element, as HTML: characters stay what they are, but for those that mean something in HTML. */
export function htmlOf(element: Root, budget: ReadingBudget): string {
  const html = render(element.children, { encodeEntities: 'utf8' });
  budget.take(html.length);
  return html.trim();
}

/** One space for any white space, a no-break space and a line end among it, and none around. */
export function normalise(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
