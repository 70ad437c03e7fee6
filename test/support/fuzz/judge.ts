import { Ajv, type ValidateFunction } from 'ajv';
import formats from 'ajv-formats';
import {
  type OpenApiDocument,
  type Operation,
  operationFor,
  operationsOf,
  type ResponseObject,
} from './openapi.js';
import type { FuzzRequest } from './requests.js';
import type { FuzzAnswer } from './send.js';

const PROBLEM = 'application/problem+json';
/** Nothing of the inside: files of ours or of a package, and lines of a stack. */
const INSIDE = /node_modules|\.[jt]s:\d+:\d+|\n\s+at /;

/** Says what is wrong with an answer, by the document alone. */
export class Judge {
  readonly operations: readonly Operation[];
  private readonly ajv = new Ajv({ strict: false, allErrors: true, validateFormats: true });
  private readonly compiled = new Map<object, ValidateFunction>();
  private readonly components: OpenApiDocument['components'];

  constructor(document: OpenApiDocument) {
    formats.default(this.ajv);
    this.operations = operationsOf(document);
    this.components = document.components;
  }

  /** The operation that answers a request, if the document has it. */
  operationOf(request: FuzzRequest): Operation | undefined {
    return operationFor(this.operations, request.method, request.target);
  }

  /** @returns what contradicts the document, nothing when all is well. */
  faults(request: FuzzRequest, answer: FuzzAnswer): string[] {
    const operation = this.operationOf(request);
    const documented = operation?.responses[answer.status];
    const faults = operation
      ? this.documentedFaults(operation, documented, request, answer)
      : this.undocumentedFaults(request, answer);
    if (answer.status >= 500) faults.unshift(`status ${answer.status}`);
    if (INSIDE.test(answer.body)) faults.push('the answer shows the inside of the server');
    return [...faults, ...encodingFaults(request, answer)];
  }

  private documentedFaults(
    operation: Operation,
    documented: ResponseObject | undefined,
    request: FuzzRequest,
    answer: FuzzAnswer,
  ): string[] {
    if (!documented) return [`${operation.id} does not document status ${answer.status}`];
    const faults = this.headerFaults(documented, answer);
    // What is wrong with a body is for the schemas to say: the document cannot tell a selector from another text.
    const valid = request.valid && operation.requestBody === undefined;
    if (valid && answer.status === 400 && isAboutParameters(answer.body))
      faults.push('the document allows this path and query, the server refuses them');
    if (request.method === 'HEAD' || !documented.content) {
      if (answer.body !== '') faults.push('a body that must not be there');
      return faults;
    }
    const type = mediaTypeOf(answer);
    const content = documented.content[type];
    if (!content)
      return [...faults, `media type "${type}", documented: ${Object.keys(documented.content).join(', ')}`];
    // Of what is no JSON the document says no more than that it is text.
    return type.endsWith('/json') || type === PROBLEM
      ? [...faults, ...this.bodyFaults(content.schema, answer)]
      : faults;
  }

  /** What is not in the document can only be refused, in the form of all refusals. */
  private undocumentedFaults(request: FuzzRequest, answer: FuzzAnswer): string[] {
    if (answer.status < 400) return [`status ${answer.status} for what the document does not have`];
    if (request.method === 'HEAD') return answer.body === '' ? [] : ['a body that must not be there'];
    if (mediaTypeOf(answer) !== PROBLEM) return [`media type "${mediaTypeOf(answer)}" of an error`];
    return this.bodyFaults(this.problemSchema(), answer);
  }

  private bodyFaults(schema: object, answer: FuzzAnswer): string[] {
    let body: unknown;
    try {
      body = JSON.parse(answer.body);
    } catch {
      return ['the body is not JSON'];
    }
    const validate = this.compile(schema);
    const faults = validate(body) ? [] : [`the body: ${this.ajv.errorsText(validate.errors)}`];
    return answer.status >= 400
      ? [...faults, ...problemFaults(body as Record<string, unknown>, answer)]
      : faults;
  }

  private headerFaults({ headers = {} }: ResponseObject, answer: FuzzAnswer): string[] {
    return Object.entries(headers).flatMap(([name, { required, schema }]) => {
      const value = answer.headers[name.toLowerCase()];
      if (value === undefined) return required ? [`no header ${name}`] : [];
      const typed = schema.type === 'integer' || schema.type === 'number' ? Number(value) : value;
      return this.compile(schema)(typed) ? [] : [`header ${name}: ${String(value)} is not as documented`];
    });
  }

  private problemSchema(): object {
    for (const { responses } of this.operations) {
      const schema = responses[400]?.content?.[PROBLEM]?.schema;
      if (schema) return schema;
    }
    throw new Error('the document describes no problem document at all');
  }

  private compile(schema: object): ValidateFunction {
    const known = this.compiled.get(schema);
    if (known) return known;
    const validate = this.ajv.compile({
      ...(asJsonSchema(schema) as object),
      components: asJsonSchema(this.components),
    });
    this.compiled.set(schema, validate);
    return validate;
  }
}

/** OpenAPI 3.0 in place of the JSON Schema of ajv: `exclusiveMinimum` is a flag there. (`nullable` ajv knows.) */
function asJsonSchema(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asJsonSchema);
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).flatMap(([key, inner]): [string, unknown][] => {
    const limit = { exclusiveMinimum: 'minimum', exclusiveMaximum: 'maximum' }[key];
    if (limit && typeof inner === 'boolean')
      return inner ? [[key, (value as Record<string, unknown>)[limit]]] : [];
    return [[key, asJsonSchema(inner)]];
  });
  return Object.fromEntries(entries);
}

function problemFaults(problem: Record<string, unknown>, { status, headers }: FuzzAnswer): string[] {
  const id = headers['x-request-id'];
  return [
    ...(problem.status === status
      ? []
      : [`the problem says status ${String(problem.status)}, the answer ${status}`]),
    ...(id === undefined || problem.instance === id ? [] : ['instance is not the request id']),
  ];
}

/** A 400 can also be about the body or the framing, of which the document says nothing. */
function isAboutParameters(body: string): boolean {
  return body.includes('"invalid_input"');
}

/** RFC 9110, 12.5.3: an encoding that was not asked for must not come. */
function encodingFaults(request: FuzzRequest, answer: FuzzAnswer): string[] {
  const used = answer.headers['content-encoding'];
  if (typeof used !== 'string') return [];
  const asked = (request.headers['accept-encoding'] ?? '').split(',').map((one) => {
    const [name = '', ...parameters] = one.split(';').map((part) => part.trim().toLowerCase());
    return { name, refused: parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter)) };
  });
  const entry = asked.find(({ name }) => name === used) ?? asked.find(({ name }) => name === '*');
  return entry && !entry.refused ? [] : [`content-encoding ${used} was not asked for`];
}

function mediaTypeOf({ headers }: FuzzAnswer): string {
  return String(headers['content-type'] ?? '')
    .replace(/;.*/s, '')
    .trim();
}
