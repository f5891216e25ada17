import { Controller, Get, Inject, UseFilters } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { HealthCheck, HealthCheckService, HealthIndicatorService, type HealthCheckResult } from '@nestjs/terminus';
import { READINESS } from '../http/tokens.js';
import { HealthFilter } from './health.filter.js';
import type { Readiness } from './readiness.js';

/** For probes, in the format of Terminus: live is "the event loop turns", ready is "send requests here", startup is "it has been ready once". */
@ApiExcludeController()
@Controller('health')
@UseFilters(HealthFilter)
export class HealthController {
  constructor(
    @Inject(HealthCheckService) private readonly health: HealthCheckService,
    @Inject(HealthIndicatorService) private readonly indicators: HealthIndicatorService,
    @Inject(READINESS) private readonly readiness: Readiness,
  ) {}

  @Get('live')
  @HealthCheck()
  live(): Promise<HealthCheckResult> {
    return this.health.check([]);
  }

  @Get('ready')
  @HealthCheck()
  ready(): Promise<HealthCheckResult> {
    return this.#check(this.readiness.conditions());
  }

  @Get('startup')
  @HealthCheck()
  startup(): Promise<HealthCheckResult> {
    return this.#check({ selfTest: this.readiness.selfTested });
  }

  #check(conditions: Readonly<Record<string, boolean>>): Promise<HealthCheckResult> {
    return this.health.check(
      Object.entries(conditions).map(([name, met]) => () => {
        const indicator = this.indicators.check(name);
        return met ? indicator.up() : indicator.down();
      }),
    );
  }
}
