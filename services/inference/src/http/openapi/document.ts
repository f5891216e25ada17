import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { componentSchemas } from './schema-registry.js';

/** The API as OpenAPI 3.1, from the decorators on the controllers and the schemas that requests are checked with. */
export function apiDocument(app: INestApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('FaceHash')
    .setDescription('Send a photo, get a name, or "unknown". Every call belongs to the one model whose key it carries.')
    .setVersion('1')
    .addApiKey({ type: 'apiKey', in: 'header', name: 'x-api-key' }, 'key')
    .addSecurity('bearer', { type: 'http', scheme: 'bearer', description: 'The same key.' })
    .build();
  const document = SwaggerModule.createDocument(app, config, { deepScanRoutes: false });
  return { ...document, components: { ...document.components, schemas: { ...document.components?.schemas, ...componentSchemas() } } };
}
