import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { problemResponse } from '../core/http/index.js';
import type { AuthConfig } from '../platform/auth/index.js';

export const OPENAPI_PATH = 'docs';

/** The OpenAPI page at /docs, its document at /docs/openapi.json. */
export function serveOpenApi(app: INestApplication, { publicReads }: AuthConfig): void {
  const info = new DocumentBuilder()
    .setTitle('Gleaner')
    .setDescription(
      'What Gleaner has scraped, and the runs that scraped it. Errors are RFC 9457 problem documents.',
    )
    .setVersion('1')
    .setOpenAPIVersion('3.0.3')
    .addBearerAuth({ type: 'http', description: 'An API key' })
    .addBasicAuth({ type: 'http', description: 'Any user name, and an API key as the password' });
  if (!publicReads) info.addSecurityRequirements('bearer').addSecurityRequirements('basic');
  SwaggerModule.setup(
    OPENAPI_PATH,
    app,
    () => withCommonAnswers(SwaggerModule.createDocument(app, info.build())),
    {
      jsonDocumentUrl: `${OPENAPI_PATH}/openapi.json`,
      yamlDocumentUrl: `${OPENAPI_PATH}/openapi.yaml`,
    },
  );
}

/** What any route may answer: a key that is presented is checked, whether or not the route needs one. */
function withCommonAnswers(document: OpenAPIObject): OpenAPIObject {
  for (const path of Object.values(document.paths)) {
    for (const operation of [path.get, path.post, path.put, path.patch, path.delete]) {
      if (!operation) continue;
      operation.responses['401'] ??= problemResponse(401);
    }
  }
  return document;
}
