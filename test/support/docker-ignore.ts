/**
 * What of a build context a .dockerignore leaves in. As in Docker, the last pattern that matches a path, or a folder
 * that it is in, decides; unlike in a shell, `*` matches names that begin with a dot.
 */
export function contextFilter(dockerIgnore: string): (path: string) => boolean {
  const rules = dockerIgnore
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => ({ included: line.startsWith('!'), pattern: toRegExp(line.replace(/^!/, '')) }));
  return (path) => rules.findLast(({ pattern }) => pattern.test(path))?.included ?? true;
}

function toRegExp(pattern: string): RegExp {
  const source = pattern.replaceAll(/\*\*\/|\*|\?|[.+^${}()|[\]\\]/g, (part) => {
    if (part === '**/') return '(?:.*/)?';
    if (part === '*') return '[^/]*';
    return part === '?' ? '[^/]' : `\\${part}`;
  });
  return new RegExp(`^${source}(?:/|$)`);
}
