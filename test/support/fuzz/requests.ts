import fc from 'fast-check';
import { DECLARED_SLUGS, declarations, schedules, switches } from './declarations.js';
import { bodies, CONTENT_TYPES, type Credentials, headersOf } from './headers.js';
import type { Operation, Parameter } from './openapi.js';
import { opsBodies } from './ops-bodies.js';
import { columnLists, conditions, forgedCursors, taskQueries, type Value, valueOf } from './values.js';

export interface FuzzRequest {
  method: string;
  /** Path and query as they are sent. */
  target: string;
  headers: Record<string, string>;
  body: string | undefined;
  /** Whether path and query are all that the document asks for, so that a 400 about them would be wrong. */
  valid: boolean;
}

/** Values that exist, for the parameter `name` of the operation: without them nearly every answer would be 404. */
export type Known = (operation: Operation, name: string) => readonly string[];

const METHODS = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'TRACE',
  'PROPFIND',
  'QUERY',
  'PURGE',
];

/** Texts with a form of their own, of which the document cannot tell whether the server accepts one. */
const OPAQUE: Readonly<Record<string, fc.Arbitrary<string>>> = {
  cursor: forgedCursors,
  where: conditions,
  query: taskQueries,
  columns: columnLists,
};

interface Target {
  target: string;
  valid: boolean;
}

/** Requests over all of the document: mostly for its operations, some with another method, some for other paths. */
export function requests(
  operations: readonly Operation[],
  known: Known,
  etags: readonly string[],
  credentials: Credentials,
): fc.Arbitrary<FuzzRequest> {
  const parts = {
    headers: headersOf(etags, credentials),
    body: fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, bodies),
  };
  // Operators' routes mostly find nothing to act on, and say so the same way: the others are asked more often, however
  // many of the former there are.
  const isForOperators = ({ path }: Operation): boolean => path.includes('/ops/');
  const any = fc.oneof(
    {
      weight: 7,
      arbitrary: fc.constantFrom(...operations.filter((operation) => !isForOperators(operation))),
    },
    { weight: 3, arbitrary: fc.constantFrom(...operations.filter(isForOperators)) },
  );
  const documented = any.chain((operation) =>
    fc
      .record({
        ...parts,
        body: operation.requestBody ? fc.oneof({ weight: 3, arbitrary: bodies }, parts.body) : parts.body,
        at: targetOf(operation, known),
        head: fc.nat(9),
        own: operation.requestBody ? bodyOf(operation) : fc.constant(undefined),
      })
      .map(({ at, head, headers, body, own }) => ({
        ...at,
        method: operation.method === 'GET' && head === 0 ? 'HEAD' : operation.method,
        headers: { ...headers, ...(own && { 'content-type': own.type }) },
        // A body with GET means nothing, but comes; rarely, so that the rest is seen by itself.
        body: operation.method === 'GET' && head < 9 ? undefined : (own?.bodyAt(at.target) ?? body),
      })),
  );
  const otherMethod = fc
    .tuple(fc.constantFrom(...operations), fc.constantFrom(...METHODS))
    .chain(([operation, method]) =>
      fc
        .record({ ...parts, at: targetOf(operation, known) })
        // Where the method has a route, too, it may be another one, with other parameters.
        .map(({ at, ...rest }) => ({
          ...at,
          ...rest,
          method,
          valid: at.valid && method === operation.method,
        })),
    );
  const elsewhere = fc
    .record({ ...parts, method: fc.constantFrom(...METHODS), target: strangePath(operations) })
    .map((request) => ({ ...request, valid: false }));
  return fc
    .oneof(
      { weight: 16, arbitrary: documented },
      { weight: 2, arbitrary: otherMethod },
      { weight: 1, arbitrary: elsewhere },
    )
    .map(withContentType);
}

interface OwnBody {
  type: string;
  /** What is sent to this path: a declaration is often about the source that stands there. */
  bodyAt(target: string): string;
}

/** A body that the operation may be about, and its type; else undefined, for any other body or none. */
function bodyOf({ method, path }: Operation): fc.Arbitrary<OwnBody | undefined> {
  const own = fc
    .record({
      type: fc.constantFrom('application/json', 'application/yaml'),
      text: textOf(method, path),
      elsewhere: fc.nat(4),
    })
    .map(({ type, text, elsewhere }) => ({
      type,
      bodyAt: (target: string) => {
        const slug = DECLARED_SLUGS.find((known) => target.endsWith(`/${known}`));
        if (slug === undefined || elsewhere === 0) return text;
        return text.replace(/"slug":"[a-z-]+"/, `"slug":"${slug}"`);
      },
    }));
  return fc.oneof({ weight: 3, arbitrary: own }, { weight: 1, arbitrary: fc.constant(undefined) });
}

function textOf(method: string, path: string): fc.Arbitrary<string> {
  if (path.includes('/ops/')) return opsBodies;
  if (path.endsWith('/schedule')) return schedules;
  return method === 'PATCH' ? switches : declarations;
}

function targetOf(operation: Operation, known: Known): fc.Arbitrary<Target> {
  const { parameters = [], path } = operation;
  const value = (parameter: Parameter): fc.Arbitrary<Value> =>
    valueOf(parameter.schema, known(operation, parameter.name), OPAQUE[parameter.name]);
  const inPath = parameters.filter((parameter) => parameter.in === 'path');
  const inQuery = parameters.filter((parameter) => parameter.in === 'query');
  // About every third is given.
  const pair = (parameter: Parameter): fc.Arbitrary<{ text: string; valid: boolean | undefined } | null> =>
    fc.oneof(
      { weight: 2, arbitrary: fc.constant(null) },
      {
        weight: 1,
        arbitrary: value(parameter).map(({ encoded, valid }) => ({
          text: `${encodeURIComponent(parameter.name)}=${encoded}`,
          valid,
        })),
      },
    );
  return fc
    .record({
      path: fc.tuple(...inPath.map(value)),
      query: fc.tuple(...inQuery.map(pair)),
      extra: fc.oneof(
        { weight: 12, arbitrary: fc.constant([]) },
        fc.array(strangePair(inQuery), { maxLength: 3 }),
      ),
    })
    .map(({ path: values, query, extra }) => {
      const given = query.filter((one) => one !== null);
      const lacking = inQuery.some(({ required }, index) => required && query[index] === null);
      const filled = inPath.reduce(
        (target, { name }, index) => target.replace(`{${name}}`, () => values[index]?.encoded ?? ''),
        path,
      );
      const pairs = [...given.map((one) => one.text), ...extra];
      return {
        target: pairs.length > 0 ? `${filled}?${pairs.join('&')}` : filled,
        valid: extra.length === 0 && !lacking && [...values, ...given].every((one) => one.valid === true),
      };
    });
}

/** Unknown, repeated, nested and broken parameters. */
function strangePair(inQuery: readonly Parameter[]): fc.Arbitrary<string> {
  const names = inQuery.map((parameter) => parameter.name);
  return fc.oneof(
    fc.constantFrom(
      'colour=red',
      '__proto__=1',
      'constructor[prototype]=1',
      '=',
      '&',
      '=x',
      'x',
      '%=1',
      'a%5B%5D=1',
      '?',
    ),
    fc
      .string({ unit: 'binary', maxLength: 20 })
      .map((name) => `${encodeURIComponent(name.toWellFormed())}=1`),
    ...(names.length > 0
      ? [
          fc.constantFrom(...names).map((name) => `${name}=1`),
          fc.constantFrom(...names).map((name) => `${name}[]=1`),
          fc.constantFrom(...names).map((name) => `${name}[a]=1`),
          fc.constantFrom(...names).map((name) => name),
        ]
      : []),
  );
}

/** Paths that the document does not have, many of them close to one that it has. */
function strangePath(operations: readonly Operation[]): fc.Arbitrary<string> {
  const path = fc.constantFrom(...operations.map((operation) => operation.path.replaceAll(/[{}]/g, '')));
  return fc.oneof(
    path.map((good) => `${good}/`),
    path.map((good) => `/${good}`),
    path.map((good) => good.toUpperCase()),
    path.map((good) => good.replace('v1', 'v2')),
    path.map((good) => `${good}/%2e%2e/%2e%2e/etc/passwd`),
    path.map((good) => `${good};a=b`),
    path.map((good) => `${good}%`),
    fc.webPath({ size: 'medium' }).map((any) => `/${any.replace(/^\/+/, '')}`),
    fc.constantFrom(
      '/',
      '/*',
      '/api',
      '/api/v1',
      '/api/v1/',
      '/favicon.ico',
      '/.env',
      '/docs/../docs',
      '/metrics/',
      '/healthy',
    ),
  );
}

/** A body mostly says what it is, and mostly JSON. */
function withContentType(request: FuzzRequest): FuzzRequest {
  if (request.body === undefined || request.headers['content-type'] !== undefined) return request;
  // Chosen by the length, so that shrinking the body cannot change it at random.
  const length = request.body.length;
  const type = length % 3 === 0 ? CONTENT_TYPES[length % CONTENT_TYPES.length] : CONTENT_TYPES[0];
  return type === '' ? request : { ...request, headers: { ...request.headers, 'content-type': type ?? '' } };
}
