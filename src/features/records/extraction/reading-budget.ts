import { GleanerError } from '../../../core/errors/index.js';

/** Looks at an element, of which a million take some 20 to 100 ms. */
const MAX_STEPS = 10_000_000;
/** Characters of the texts that are taken, which may contain each other. */
const MAX_CHARACTERS = 16 * 1024 * 1024;

/** A selector or regular expression meets a page that it is hopelessly slow on, by chance or because somebody wants it. */
class PageTooCostlyError extends GleanerError {
  readonly code = 'extraction.too_costly';
  readonly title = 'Page too costly';
  override readonly severity = 'warning';

  constructor(url: string, what: string) {
    super(
      `Reading ${url.slice(0, 200)} takes more than ${what}, and is given up. Simpler selectors and regular expressions may do.`,
    );
  }
}

/**
 * What reading one page may cost. Selectors and expressions come from operators and pages from anywhere, and reading
 * is not interrupted by anything: what is counted here is all that keeps a worker from being stopped by a page.
 */
export class ReadingBudget {
  private steps = 0;
  private characters = 0;
  private url = '';

  /** Begins a page. */
  begin(url: string): void {
    this.steps = 0;
    this.characters = 0;
    this.url = url;
  }

  /** @throws PageTooCostlyError */
  spend(steps: number): void {
    this.steps += steps;
    if (this.steps > MAX_STEPS) throw new PageTooCostlyError(this.url, `${MAX_STEPS} steps`);
  }

  /** @throws PageTooCostlyError */
  take(characters: number): void {
    this.characters += characters;
    if (this.characters > MAX_CHARACTERS)
      throw new PageTooCostlyError(this.url, `${MAX_CHARACTERS} characters of text`);
  }
}
