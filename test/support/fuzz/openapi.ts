/** What the fuzzing reads of an OpenAPI 3.0 document. */
export interface OpenApiDocument {
  paths: Record<string, Record<string, OperationObject>>;
  components?: { schemas?: Record<string, unknown> };
}

interface OperationObject {
  parameters?: Parameter[];
  requestBody?: { content: Record<string, { schema: Schema }> };
  responses: Record<string, ResponseObject>;
}

export interface Parameter {
  name: string;
  in: 'path' | 'query' | 'header' | 'cookie';
  required?: boolean;
  schema: Schema;
}

export interface Schema {
  type?: string;
  enum?: unknown[];
  format?: string;
  pattern?: string;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  items?: Schema;
}

export interface ResponseObject {
  content?: Record<string, { schema: Schema }>;
  headers?: Record<string, { required?: boolean; schema: Schema }>;
}

/** One method of one path of the document. */
export interface Operation extends OperationObject {
  /** As the document writes it, e.g. `GET /api/v1/quotes/{id}`: also its name. */
  id: string;
  /** Upper case. */
  method: string;
  path: string;
}

export function operationsOf(document: OpenApiDocument): Operation[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([name, operation]) => {
      const method = name.toUpperCase();
      return { ...operation, id: `${method} ${path}`, method, path };
    }),
  );
}

/**
 * The operation that a request is for, or undefined when the document has none. HEAD is answered as GET, without the
 * body. Of two paths that fit, the one with the fewest parameters is meant (OpenAPI 3.0, "Path Templating Matching").
 */
export function operationFor(
  operations: readonly Operation[],
  method: string,
  target: string,
): Operation | undefined {
  const segments = decoded(target.replace(/\?.*/s, '').split('/'));
  if (!segments) return undefined;
  const asked = method === 'HEAD' ? 'GET' : method;
  return operations
    .filter((operation) => operation.method === asked && fits(operation.path.split('/'), segments))
    .sort((a, b) => parametersIn(a) - parametersIn(b))[0];
}

const isParameter = (segment: string): boolean => segment.startsWith('{');
const parametersIn = ({ path }: Operation): number => path.split('/').filter(isParameter).length;

function fits(template: readonly string[], segments: readonly string[]): boolean {
  return (
    template.length === segments.length &&
    template.every((part, index) => (isParameter(part) ? segments[index] !== '' : part === segments[index]))
  );
}

/** `undefined` when the percent-encoding is broken: then no path fits. */
function decoded(segments: readonly string[]): string[] | undefined {
  try {
    return segments.map((segment) => decodeURIComponent(segment));
  } catch {
    return undefined;
  }
}
