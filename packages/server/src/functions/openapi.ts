import {
  CODES,
  FUNCTIONS,
  type FunctionName,
  type FunctionSpec,
  roomsigAnswerSchema,
  roomsigBodySchema,
  roomsigErrorSchema,
  roomsigPhoneAnswerSchema,
} from '@lianmai/protocol';
import { z } from 'zod';
import { ROOMSIG_PATHS } from '../roomsig/route.ts';

type Json = { readonly [key: string]: unknown };

function input(schema: z.ZodType): Json {
  return withoutDialect(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }));
}

function output(schema: z.ZodType): Json {
  return withoutDialect(z.toJSONSchema(schema, { io: 'output', unrepresentable: 'any' }));
}

function withoutDialect({ $schema: _, ...schema }: Json): Json {
  return schema;
}

function json(schema: Json, description: string): Json {
  return { description, content: { 'application/json': { schema } } };
}

function envelope(data: Json, listed: boolean): Json {
  return {
    type: 'object',
    properties: {
      code: { type: 'integer', const: CODES.ok.code },
      message: { type: 'string' },
      data,
      ...(listed ? { total: { type: 'integer', minimum: 0 } } : {}),
    },
    required: ['code', 'message', 'data', ...(listed ? ['total'] : [])],
  };
}

/** One response for every HTTP status, naming the codes that come with it. */
function failures(): Json {
  const byStatus = new Map<number, (typeof CODES)[keyof typeof CODES][]>();
  for (const entry of Object.values(CODES)) {
    if (entry.code !== 0) byStatus.set(entry.status, [...(byStatus.get(entry.status) ?? []), entry]);
  }
  const responses: Record<string, Json> = {};
  for (const [status, entries] of byStatus) {
    const description = entries.map((entry) => `**${entry.code}** ${entry.message}`).join('\n\n');
    const schema = {
      type: 'object',
      properties: {
        code: { type: 'integer', enum: entries.map((entry) => entry.code) },
        message: { type: 'string' },
        data: { type: 'null' },
      },
      required: ['code', 'message', 'data'],
    };
    responses[String(status)] = json(schema, description);
  }
  return responses;
}

function functionOperation(name: string, spec: FunctionSpec, of: FunctionName | null): Json {
  return {
    tags: ['functions'],
    operationId: name,
    summary: of === null ? spec.summary : `The same as ${of}.`,
    ...(of === null ? {} : { deprecated: true }),
    security: spec.access === 'none' ? [{}, { session: [] }] : [{ session: [] }, { serverKey: [] }],
    requestBody: { required: true, content: { 'application/json': { schema: input(spec.event) } } },
    responses: { '200': json(envelope(output(spec.data), spec.listed === true), CODES.ok.message), ...failures() },
  };
}

function roomsigOperation(path: string): Json {
  const parameter = (name: string, required: boolean, description: string) => ({
    name,
    in: 'query',
    required,
    description,
    schema: { type: 'string' },
  });
  return {
    tags: ['roomsig'],
    operationId: path.split('/').slice(2).join('-'),
    summary: 'Exchange the tickets for what the media room wants. Failures have status 200 and both error shapes.',
    parameters: [
      parameter('sdkappid', true, 'sdkAppID of signInfo.'),
      parameter('identifier', true, 'userID of signInfo.'),
      parameter('usersig', true, 'userSig of signInfo, as it is or percent-encoded.'),
      parameter('random', false, 'Any number.'),
      parameter('contenttype', false, 'json.'),
    ],
    requestBody: { required: true, content: { 'application/json': { schema: input(roomsigBodySchema) } } },
    responses: {
      '200': json(
        { oneOf: [output(roomsigAnswerSchema), output(roomsigPhoneAnswerSchema), output(roomsigErrorSchema)] },
        'The answer, or why not.',
      ),
    },
  };
}

/** The OpenAPI 3.1 document, made from the schemas that validate. */
export function openApiDocument(): Json {
  const paths: Record<string, Json> = {};
  for (const [name, spec] of Object.entries(FUNCTIONS) as [FunctionName, FunctionSpec][]) {
    paths[`/functions/${name}`] = { post: functionOperation(name, spec, null) };
    for (const alias of spec.aliases) paths[`/functions/${alias}`] = { post: functionOperation(alias, spec, name) };
  }
  for (const path of ROOMSIG_PATHS) paths[path] = { post: roomsigOperation(path) };
  paths['/healthz'] = {
    get: {
      tags: ['operation'],
      operationId: 'healthz',
      summary: 'Whether the process lives; asks neither database nor media.',
      security: [],
      responses: {
        '200': json({ type: 'object', properties: { status: { const: 'ok' } }, required: ['status'] }, 'It lives.'),
      },
    },
  };
  return {
    openapi: '3.1.0',
    info: {
      title: 'Lianmai',
      version: '0.1.0',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      description:
        'Every function answers `{code, message, data}`; code 0 is success. Sign in with webrtc-login, or use the server API key.',
    },
    servers: [{ url: '/' }],
    tags: [{ name: 'functions' }, { name: 'roomsig' }, { name: 'operation' }],
    paths,
    components: {
      securitySchemes: {
        session: { type: 'http', scheme: 'bearer', description: 'The token that webrtc-login answers.' },
        serverKey: { type: 'http', scheme: 'basic', description: 'API key and secret: acts for any user.' },
      },
    },
  };
}
