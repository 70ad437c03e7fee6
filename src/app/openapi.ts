import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';

export const OPENAPI_PATH = 'docs';

/** The OpenAPI page at /docs, its document at /docs/openapi.json. */
export function serveOpenApi(app: INestApplication): void {
  const info = new DocumentBuilder()
    .setTitle('Gleaner')
    .setDescription(
      'What Gleaner has scraped, and the runs that scraped it. Errors are RFC 9457 problem documents.',
    )
    .setVersion('1')
    .setOpenAPIVersion('3.0.3')
    .build();
  SwaggerModule.setup(OPENAPI_PATH, app, () => SwaggerModule.createDocument(app, info), {
    jsonDocumentUrl: `${OPENAPI_PATH}/openapi.json`,
    yamlDocumentUrl: `${OPENAPI_PATH}/openapi.yaml`,
  });
}
