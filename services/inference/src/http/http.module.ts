import { Module, type DynamicModule, type Provider } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { TerminusModule } from '@nestjs/terminus';
import type { Logger } from '@facehash/kernel';
import type { Metrics } from '@facehash/observability';
import { HealthController } from '../health/health.controller.js';
import { MetricsController } from '../health/metrics.controller.js';
import type { Readiness } from '../health/readiness.js';
import { Activations } from './activations.js';
import { AncestorFilter } from './ancestor/ancestor.filter.js';
import { AncestorRecogniseController } from './ancestor/recognise.controller.js';
import { TrainCall } from './ancestor/train-call.js';
import { AncestorTrainController } from './ancestor/train.controller.js';
import { Admission } from './admission.js';
import { ApiKeyGuard } from './auth.js';
import { ByteBudget } from './body/byte-budget.js';
import { EventStreams } from './event-streams.js';
import { IdempotentAnswers } from './idempotent-answers.js';
import { Forwarder } from './forwarding.js';
import type { HttpPorts } from './ports.js';
import { ProblemFilter } from './problem.filter.js';
import { RateLimits } from './rate-limits.js';
import type { RouteTable } from './routes.js';
import {
  ACTIVATIONS,
  ADMISSION,
  ANALYSER,
  BODIES,
  ENROLMENT,
  ERASER,
  FORWARDER,
  EVENT_STREAMS,
  IDEMPOTENT_ANSWERS,
  LIMITS,
  LOGGER,
  METRICS,
  RATE_LIMITS,
  MODEL_DIRECTORY,
  READINESS,
  RECOGNISER,
  ROUTES,
  SAMPLE_COUNTS,
  TRAIN_CALL,
  VERIFIER,
  VERSION_HISTORY,
} from './tokens.js';
import { DetectController } from './v1/detect.controller.js';
import { ErasuresController } from './v1/erasures.controller.js';
import { EventsController } from './v1/events.controller.js';
import { ModelController } from './v1/model.controller.js';
import { PeopleController } from './v1/people.controller.js';
import { PhotoController } from './v1/photo.controller.js';
import { RecognizeController } from './v1/recognize.controller.js';
import { VerifyController } from './v1/verify.controller.js';
import { VersionsController } from './v1/versions.controller.js';

/** What health and metrics need, on whichever port they are. */
export interface ManagementPorts {
  readonly readiness: Readiness;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/** Health and metrics alone. */
export function managementModule(ports: ManagementPorts, routes: RouteTable): DynamicModule {
  return {
    module: ManagementModule,
    imports: [terminus()],
    controllers: [HealthController, MetricsController],
    providers: managementProviders(ports, routes),
  };
}

/** The whole API, with health and metrics where nothing else serves them. */
export function httpModule(ports: HttpPorts, routes: RouteTable, { health }: { readonly health: boolean }): DynamicModule {
  return {
    module: HttpModule,
    imports: [terminus()],
    controllers: [
      RecognizeController,
      DetectController,
      VerifyController,
      PeopleController,
      PhotoController,
      ErasuresController,
      ModelController,
      VersionsController,
      EventsController,
      ...(health ? [HealthController, MetricsController] : []),
      AncestorTrainController,
      AncestorRecogniseController,
    ],
    providers: [...managementProviders(ports, routes), ...apiProviders(ports)],
  };
}

@Module({})
class ManagementModule {}

@Module({})
class HttpModule {}

function terminus(): DynamicModule {
  return TerminusModule.forRoot({ logger: false });
}

function managementProviders({ readiness, metrics, logger }: ManagementPorts, routes: RouteTable): Provider[] {
  return [
    { provide: READINESS, useFactory: () => readiness },
    { provide: METRICS, useFactory: () => metrics },
    { provide: LOGGER, useFactory: () => logger },
    { provide: ROUTES, useFactory: () => routes },
    { provide: APP_FILTER, useClass: ProblemFilter },
  ];
}

function apiProviders(ports: HttpPorts): Provider[] {
  const { directory, recogniser, verifier, analyser, enrolment, eraser, history, counts, limits, readiness } = ports;
  const bodies = new ByteBudget(limits.bodiesBytesMax);
  return [
    { provide: MODEL_DIRECTORY, useFactory: () => directory },
    { provide: RECOGNISER, useFactory: () => recogniser },
    { provide: VERIFIER, useFactory: () => verifier },
    { provide: ANALYSER, useFactory: () => analyser },
    { provide: VERSION_HISTORY, useFactory: () => history },
    { provide: ACTIVATIONS, useFactory: () => new Activations(ports) },
    { provide: EVENT_STREAMS, useFactory: () => new EventStreams({ ...ports, draining: readiness.draining }) },
    { provide: ENROLMENT, useFactory: () => enrolment },
    { provide: ERASER, useFactory: () => eraser },
    { provide: SAMPLE_COUNTS, useFactory: () => counts },
    { provide: LIMITS, useFactory: () => limits },
    { provide: ADMISSION, useFactory: () => new Admission(limits.requestsMax) },
    { provide: FORWARDER, useFactory: () => new Forwarder(ports) },
    { provide: RATE_LIMITS, useFactory: () => new RateLimits(ports.clock) },
    { provide: IDEMPOTENT_ANSWERS, useFactory: () => idempotentAnswers(ports) },
    { provide: BODIES, useFactory: () => bodies },
    { provide: TRAIN_CALL, useFactory: () => new TrainCall({ directory, enrolment, bodies, limits, draining: readiness.draining }) },
    ApiKeyGuard,
    AncestorFilter,
  ];
}

function idempotentAnswers({ clock, names }: HttpPorts): IdempotentAnswers {
  const answers = new IdempotentAnswers(clock);
  names.onGone((storageId, gone) => answers.forget(storageId, gone));
  return answers;
}
