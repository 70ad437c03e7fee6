import type { FactoryProvider } from '@nestjs/common';
import { InvalidConfigError } from '../../../../core/config/index.js';
import { type AlertingConfig, alertingConfig } from '../../alerting.config.js';
import { ALERT_CHANNELS, type AlertChannel } from './channel.js';
import { EmailChannel } from './email.channel.js';
import { LogChannel } from './log.channel.js';
import { PagerDutyChannel } from './pagerduty.channel.js';
import { SlackChannel } from './slack.channel.js';
import { WebhookChannel } from './webhook.channel.js';

export const channelsProvider: FactoryProvider<readonly AlertChannel[]> = {
  provide: ALERT_CHANNELS,
  inject: [alertingConfig.token],
  useFactory: (config: AlertingConfig) => {
    const faults: string[] = [];
    const channels: AlertChannel[] = [new LogChannel()];
    const { slackUrl, pagerDutyKey, pagerDutyUrl, smtpUrl, emailFrom, emailTo, webhookUrl, webhookSecret } =
      config;
    if (slackUrl !== undefined) channels.push(new SlackChannel(slackUrl));
    if (pagerDutyKey !== undefined) channels.push(new PagerDutyChannel(pagerDutyUrl, pagerDutyKey));
    if (smtpUrl !== undefined) {
      if (emailFrom === undefined)
        faults.push('ALERT_EMAIL_FROM: expected the sender of mails, for ALERT_SMTP_URL is set');
      else if (!emailTo?.length)
        faults.push('ALERT_EMAIL_TO: expected who gets mails, for ALERT_SMTP_URL is set');
      else channels.push(new EmailChannel(smtpUrl, emailFrom, emailTo));
    }
    if (webhookUrl !== undefined) {
      if (webhookSecret === undefined)
        faults.push('ALERT_WEBHOOK_SECRET: expected what signs, for ALERT_WEBHOOK_URL is set');
      else channels.push(new WebhookChannel(webhookUrl, webhookSecret));
    }
    if (faults.length > 0) throw new InvalidConfigError(faults);
    return channels;
  },
};
