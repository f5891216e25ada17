import type { Readable } from 'node:stream';
import { Controller, Get, Inject, UseGuards } from '@nestjs/common';
import { ApiKeyGuard } from '../auth.js';
import { TheCall, type Call } from '../call.js';
import type { EventStreams } from '../event-streams.js';
import { Api } from '../openapi/api.js';
import { EVENT_STREAMS } from '../tokens.js';

@Controller('v1/events')
@UseGuards(ApiKeyGuard)
export class EventsController {
  constructor(@Inject(EVENT_STREAMS) private readonly streams: EventStreams) {}

  @Get()
  @Api({
    tag: 'Events',
    id: 'streamEvents',
    summary: 'What happens to the model, as it happens: training, rollouts, versions',
    headers: { 'last-event-id': 'The `id` of the last event that was seen: what came after it is sent first.' },
    answers: {
      200: {
        what: 'Server-sent events: `event` is the type and `data` a CloudEvent of 1.0 in JSON. An event `reset` says that some were missed since `last-event-id`: read /v1/model again.',
        content: { 'text/event-stream': { schema: { type: 'string' } } },
      },
    },
    problems: ['RATE_LIMITED', 'OVERLOADED'],
  })
  async stream(@TheCall() call: Call): Promise<Readable> {
    const stream = await this.streams.open(call);
    call.answersWith({
      headers: {
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store',
        // Or a replica that stops would wait for the end of the keep-alive after the end of the stream.
        connection: 'close',
        // nginx would keep events back until its buffer is full.
        'x-accel-buffering': 'no',
      },
    });
    return stream;
  }
}
