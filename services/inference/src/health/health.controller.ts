import { Controller, Get, Inject, UseFilters } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { HealthCheck, HealthCheckService, HealthIndicatorService, type HealthCheckResult } from '@nestjs/terminus';
import { READINESS } from '../http/tokens.js';
import { HealthFilter } from './health.filter.js';
import type { DependencyHealth, Readiness } from './readiness.js';

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
    return this.#check(this.readiness.conditions(), this.readiness.dependencies());
  }

  @Get('startup')
  @HealthCheck()
  startup(): Promise<HealthCheckResult> {
    return this.#check({ selfTest: this.readiness.selfTested });
  }

  #check(
    conditions: Readonly<Record<string, boolean>>,
    dependencies: Readonly<Record<string, DependencyHealth>> = {},
  ): Promise<HealthCheckResult> {
    const required = Object.entries(conditions).map(([name, met]) => () => {
      const indicator = this.indicators.check(name);
      return met ? indicator.up() : indicator.down();
    });
    // Up as a part of this replica, whatever it says: see `dependencies` of Readiness.
    const told = Object.entries(dependencies).map(
      ([name, { ok, why }]) =>
        () =>
          this.indicators.check(name).up({ reachable: ok, why }),
    );
    return this.health.check([...required, ...told]);
  }
}
