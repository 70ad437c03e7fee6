import { dump } from 'js-yaml';

/** A document as people write it; nothing in it is referred to from elsewhere. */
export function printYaml(document: object): string {
  return dump(document, { noRefs: true, lineWidth: -1 });
}
