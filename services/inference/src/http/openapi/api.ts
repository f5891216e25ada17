import { applyDecorators } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiQuery, ApiResponse, ApiSecurity, ApiTags } from '@nestjs/swagger';
import type { ErrorCode } from '@facehash/kernel';
import type { z } from 'zod';
import { problemSchema } from '../problem.js';
import { httpStatus } from '../status.js';
import { streamedBodies, type BodyKind, type RequestBody } from './bodies.js';
import { component, inlineSchema, refTo } from './schema-registry.js';

type Query = z.ZodObject<Readonly<Record<string, z.ZodType>>>;

/** JSON of a schema, or bytes of a media type. */
type Answer = { readonly what: string; readonly schema: z.ZodType } | { readonly what: string; readonly bytesOf: string };

export interface ApiOptions {
  readonly tag: 'Ancestor' | 'Recognition' | 'People' | 'Model';
  readonly id: string;
  readonly summary: string;
  readonly body?: z.ZodType | BodyKind;
  readonly query?: Query;
  readonly params?: Readonly<Record<string, string>>;
  /** By status: what it means and what the body is. */
  readonly answers: Readonly<Record<number, Answer>>;
  /** Beside those that every call has. */
  readonly problems?: readonly ErrorCode[];
  /** Failures keep the shape of the answers, as in the ancestor's calls. */
  readonly ownFailures?: z.ZodType;
  /** The key is in the path. */
  readonly keyInPath?: boolean;
}

const problem = component('Problem', problemSchema);
const everywhere: readonly ErrorCode[] = ['API_KEY_INVALID', 'STORE_UNAVAILABLE'];

/** What the API document says of one call, from the schemas that the call is checked with. */
export function Api(options: ApiOptions): MethodDecorator {
  return applyDecorators(
    ApiTags(options.tag),
    ApiOperation({ operationId: options.id, summary: options.summary, ...(options.body ? { requestBody: bodyOf(options.body) } : {}) }),
    ...(options.keyInPath ? [] : [ApiSecurity('key'), ApiSecurity('bearer')]),
    ...Object.entries(options.params ?? {}).map(([name, description]) => ApiParam({ name, description, schema: { type: 'string' } })),
    ...(options.query ? queryParameters(options.query) : []),
    ...Object.entries(options.answers).map(([status, answer]) =>
      ApiResponse({ status: Number(status), description: answer.what, content: contentOf(answer) }),
    ),
    ...failures(options),
  );
}

function contentOf(answer: Answer) {
  if ('bytesOf' in answer) return { [answer.bytesOf]: { schema: { type: 'string', format: 'binary' } } };
  return { 'application/json': { schema: refTo(answer.schema) } };
}

function queryParameters(query: Query): MethodDecorator[] {
  return Object.entries(query.shape).map(([name, schema]) => {
    const { description, ...type } = inlineSchema(schema);
    return ApiQuery({ name, required: false, schema: type, ...(typeof description === 'string' ? { description } : {}) });
  });
}

function bodyOf(body: z.ZodType | BodyKind): RequestBody {
  return typeof body === 'string' ? streamedBodies[body] : { required: true, content: { 'application/json': { schema: refTo(body) } } };
}

/** One entry for each status: the codes that it may carry stand in its description. */
function failures({ problems = [], answers, ownFailures }: ApiOptions): MethodDecorator[] {
  const codes = new Map<number, ErrorCode[]>();
  for (const code of [...everywhere, ...problems]) {
    const status = httpStatus[code];
    codes.set(status, [...(codes.get(status) ?? []), code]);
  }
  return [...codes]
    .filter(([status]) => !(status in answers))
    .map(([status, those]) => {
      const schema = refTo(ownFailures ?? problem);
      const content = ownFailures ? { 'application/json': { schema } } : { 'application/problem+json': { schema } };
      return ApiResponse({ status, description: those.join(', '), content });
    });
}
