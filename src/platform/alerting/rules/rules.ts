import { Inject, Injectable } from '@nestjs/common';
import { type AlertingConfig, alertingConfig } from '../alerting.config.js';
import { RULES } from './catalogue.js';
import type { AlertRule, AlertSeverity } from './rule.js';
import { overridden } from './rule-overrides.js';

/** The rules that hold here. */
@Injectable()
export class Rules {
  readonly all: readonly AlertRule[];
  private readonly criticalTasks: ReadonlySet<string>;

  constructor(@Inject(alertingConfig.token) { rulesFile, criticalTasks }: AlertingConfig) {
    this.all = overridden(RULES, rulesFile);
    this.criticalTasks = new Set(criticalTasks);
  }

  get(name: string): AlertRule | undefined {
    return this.all.find((rule) => rule.name === name);
  }

  /** An alert about a task that must not fail is critical, whatever the rule says. */
  severityOf({ severity }: AlertRule, { task }: Readonly<Record<string, string>>): AlertSeverity {
    return task !== undefined && this.criticalTasks.has(task) ? 'critical' : severity;
  }
}
