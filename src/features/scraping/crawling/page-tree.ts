import { type Document, DomHandler } from 'domhandler';
import { Parser } from 'htmlparser2';
import { GleanerError } from '../../../core/errors/index.js';

/**
 * Elements within each other. Browsers stop at 512; pages that forget to close their tags come to some more. The parser
 * looks through all that are open at every tag: without a limit, 1.4 MB of <b> and </i> took it 100 seconds.
 */
const MAX_DEPTH = 2048;

/** Nobody nests as deeply by honest means, and reading on would stop the whole process. */
class PageTooDeepError extends GleanerError {
  readonly code = 'page.too_deep';
  readonly title = 'Page too deep';
  override readonly severity = 'warning';

  constructor() {
    super(`The page has more than ${MAX_DEPTH} elements within each other; it is given up.`);
  }
}

/** @throws PageTooDeepError */
export function parsePage(html: string): Document {
  const handler = new BoundedHandler();
  new Parser(handler).end(html);
  return handler.root;
}

class BoundedHandler extends DomHandler {
  override onopentag(name: string, attributes: Record<string, string>): void {
    super.onopentag(name, attributes);
    if (this.tagStack.length > MAX_DEPTH) throw new PageTooDeepError();
  }
}
