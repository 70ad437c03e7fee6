import { type ArgumentMetadata, Injectable, type PipeTransform } from '@nestjs/common';
import { InvalidInputError } from '../errors/index.js';
import { YamlBody } from '../yaml/index.js';

/** Validates each route argument against the schema given to its decorator; the error names field, expected and got. */
@Injectable()
export class ValidationPipe implements PipeTransform {
  async transform<T>(value: T, metadata: ArgumentMetadata): Promise<T> {
    if (!metadata.schema) return value;
    const input: unknown = value instanceof YamlBody ? value.read() : value;
    const result = await metadata.schema['~standard'].validate(input);
    if (!result.issues) return result.value as T;
    throw InvalidInputError.fromIssues(result.issues, input, metadata.data ?? metadata.type);
  }
}
