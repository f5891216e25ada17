import { Module, type DynamicModule, type Provider } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { TerminusModule } from '@nestjs/terminus';
import type { Logger } from '@facehash/kernel';
import type { Metrics } from '@facehash/observability';
import { HealthController } from '../health/health.controller.js';
import { MetricsController } from '../health/metrics.controller.js';
import type { Readiness } from '../health/readiness.js';
import { AncestorFilter } from './ancestor/ancestor.filter.js';
import { AncestorRecogniseController } from './ancestor/recognise.controller.js';
import { TrainCall } from './ancestor/train-call.js';
import { AncestorTrainController } from './ancestor/train.controller.js';
import { ApiKeyGuard } from './auth.js';
import { ByteBudget } from './body/byte-budget.js';
import type { HttpPorts } from './ports.js';
import { ProblemFilter } from './problem.filter.js';
import type { RouteTable } from './routes.js';
import {
  BODIES,
  ENROLMENT,
  ERASER,
  LIMITS,
  LOGGER,
  METRICS,
  MODEL_DIRECTORY,
  READINESS,
  RECOGNISER,
  ROUTES,
  SAMPLE_COUNTS,
  TRAIN_CALL,
} from './tokens.js';
import { ErasuresController } from './v1/erasures.controller.js';
import { ModelController } from './v1/model.controller.js';
import { PeopleController } from './v1/people.controller.js';
import { PhotoController } from './v1/photo.controller.js';
import { RecognizeController } from './v1/recognize.controller.js';

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

/** The whole API. */
export function httpModule(ports: HttpPorts, routes: RouteTable): DynamicModule {
  return {
    module: HttpModule,
    imports: [terminus()],
    controllers: [
      RecognizeController,
      PeopleController,
      PhotoController,
      ErasuresController,
      ModelController,
      HealthController,
      MetricsController,
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

function apiProviders({ directory, recogniser, enrolment, eraser, counts, limits, readiness }: HttpPorts): Provider[] {
  const bodies = new ByteBudget(limits.bodiesBytesMax);
  return [
    { provide: MODEL_DIRECTORY, useFactory: () => directory },
    { provide: RECOGNISER, useFactory: () => recogniser },
    { provide: ENROLMENT, useFactory: () => enrolment },
    { provide: ERASER, useFactory: () => eraser },
    { provide: SAMPLE_COUNTS, useFactory: () => counts },
    { provide: LIMITS, useFactory: () => limits },
    { provide: BODIES, useFactory: () => bodies },
    { provide: TRAIN_CALL, useFactory: () => new TrainCall({ directory, enrolment, bodies, limits, draining: readiness.draining }) },
    ApiKeyGuard,
    AncestorFilter,
  ];
}
