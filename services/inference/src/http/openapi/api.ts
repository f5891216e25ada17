import { applyDecorators } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiParam, ApiQuery, ApiResponse, ApiSecurity, ApiTags } from '@nestjs/swagger';
import type { ErrorCode } from '@facehash/kernel';
import type { z } from 'zod';
import { problemSchema } from '../problem.js';
import { httpStatus } from '../status.js';
import { streamedBodies, type BodyKind, type RequestBody } from './bodies.js';
import { component, inlineSchema, refTo } from './schema-registry.js';

type Query = z.ZodObject<Readonly<Record<string, z.ZodType>>>;

export interface ApiOptions {
  readonly tag: 'Ancestor' | 'Recognition' | 'People' | 'Model' | 'Versions' | 'Events';
  readonly id: string;
  readonly summary: string;
  readonly body?: z.ZodType | BodyKind;
  readonly query?: Query;
  readonly params?: Readonly<Record<string, string>>;
  /** Of the request, beside those that every call takes. */
  readonly headers?: Readonly<Record<string, string>>;
  /** By status: what it means and what the body is. */
  readonly answers: Readonly<Record<number, Answer>>;
  /** Beside those that every call has. */
  readonly problems?: readonly ErrorCode[];
  /** Failures keep the shape of the answers, as in the ancestor's calls. */
  readonly ownFailures?: z.ZodType;
  /** The key is in the path. */
  readonly keyInPath?: boolean;
}

/** JSON of a schema, or else; without any of it there is no body. */
interface Answer {
  readonly what: string;
  readonly schema?: z.ZodType;
  /** A media type, for an answer of bytes. */
  readonly bytesOf?: string;
  /** By media type, for anything else. */
  readonly content?: Content;
}

type Content = Readonly<Record<string, { readonly schema: Record<string, unknown> }>>;

const problem = component('Problem', problemSchema);
const everywhere: readonly ErrorCode[] = ['API_KEY_INVALID', 'RATE_LIMITED', 'STORE_UNAVAILABLE', 'OVERLOADED'];

/** What the API document says of one call, from the schemas that the call is checked with. */
export function Api(options: ApiOptions): MethodDecorator {
  return applyDecorators(
    ApiTags(options.tag),
    ApiOperation({ operationId: options.id, summary: options.summary, ...(options.body ? { requestBody: bodyOf(options.body) } : {}) }),
    ...(options.keyInPath ? [] : [ApiSecurity('key'), ApiSecurity('bearer')]),
    ...Object.entries(options.params ?? {}).map(([name, description]) => ApiParam({ name, description, schema: { type: 'string' } })),
    ...Object.entries(options.headers ?? {}).map(([name, description]) =>
      ApiHeader({ name, description, required: false, schema: { type: 'string' } }),
    ),
    ...(options.query ? queryParameters(options.query) : []),
    ...Object.entries(options.answers).map(([status, answer]) =>
      ApiResponse({ status: Number(status), description: answer.what, ...contentOf(answer) }),
    ),
    ...failures(options),
  );
}

function contentOf({ schema, content, bytesOf }: Answer): { readonly content?: Record<string, { schema: Record<string, unknown> }> } {
  if (content) return { content };
  if (bytesOf !== undefined) return { content: { [bytesOf]: { schema: { type: 'string', format: 'binary' } } } };
  return schema ? { content: { 'application/json': { schema: { ...refTo(schema) } } } } : {};
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
  for (const code of new Set([...everywhere, ...problems])) {
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
