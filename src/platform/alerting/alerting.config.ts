import { z } from 'zod';
import { type ConfigOf, defineConfig, list, setting, urlOf, wholeNumber } from '../../core/config/index.js';

const webUrl = (example: string) => urlOf(['http', 'https'], example);

export const alertingConfig = defineConfig('alerting', {
  rulesFile: setting(
    'ALERT_RULES_FILE',
    z.string().optional(),
    'YAML file that changes or switches off alert rules, see docs/alerting.md; none by default',
  ),
  criticalTasks: setting(
    'ALERT_CRITICAL_TASKS',
    list().default(['scrape.run']),
    'tasks whose alerts are critical, whatever the rule says',
  ),
  repeatMs: setting(
    'ALERT_REPEAT_MS',
    wholeNumber(60_000, 604_800_000).default(14_400_000),
    'milliseconds after which an alert that still fires is told of again',
  ),
  retentionDays: setting(
    'ALERT_RETENTION_DAYS',
    wholeNumber(1, 3650).default(90),
    'days that alerts which have ended are kept',
  ),
  runbooksUrl: setting(
    'ALERT_RUNBOOKS_URL',
    z.string().default('docs/runbooks'),
    'where the runbooks are read, without the name of the page',
  ),
  slackUrl: setting(
    'ALERT_SLACK_WEBHOOK_URL',
    webUrl('https://hooks.slack.com/services/T0/B0/abc').optional(),
    'incoming webhook of Slack that alerts are sent to',
    { secret: true },
  ),
  pagerDutyKey: setting(
    'ALERT_PAGERDUTY_ROUTING_KEY',
    z
      .string()
      .regex(/^[\w-]{1,64}$/, 'expected an integration key of the Events API v2')
      .optional(),
    'integration key of PagerDuty (Events API v2), which is told of critical alerts only',
    { secret: true },
  ),
  pagerDutyUrl: setting(
    'ALERT_PAGERDUTY_URL',
    webUrl('https://events.eu.pagerduty.com/v2/enqueue').default('https://events.pagerduty.com/v2/enqueue'),
    'where PagerDuty takes events',
  ),
  smtpUrl: setting(
    'ALERT_SMTP_URL',
    urlOf(['smtp', 'smtps'], 'smtps://user:password@mail.example.org').optional(),
    'mail server for alerts; smtp:// changes to TLS when the server offers it, smtps:// begins with it',
    { secret: true },
  ),
  emailFrom: setting('ALERT_EMAIL_FROM', mailAddress().optional(), 'sender of mails about alerts'),
  emailTo: setting(
    'ALERT_EMAIL_TO',
    list().pipe(z.array(mailAddress())).optional(),
    'addresses that get mails about alerts, separated by commas',
  ),
  webhookUrl: setting(
    'ALERT_WEBHOOK_URL',
    webUrl('https://example.org/alerts').optional(),
    'URL that gets alerts as JSON',
    { secret: true },
  ),
  webhookSecret: setting(
    'ALERT_WEBHOOK_SECRET',
    z
      .string()
      .regex(/^whsec_[A-Za-z0-9+/]{32,}={0,2}$/, 'expected whsec_ and at least 24 bytes in Base64')
      .optional(),
    'signs what that URL gets, as Standard Webhooks say; needed with ALERT_WEBHOOK_URL',
    { secret: true },
  ),
  heartbeatUrl: setting(
    'ALERT_HEARTBEAT_URL',
    webUrl('https://hc-ping.com/uuid').optional(),
    "dead-man's switch: URL that is asked each minute in which rules were evaluated",
    { secret: true },
  ),
});

export type AlertingConfig = ConfigOf<typeof alertingConfig>;

function mailAddress() {
  return z.email('expected an address such as ops@example.org');
}
