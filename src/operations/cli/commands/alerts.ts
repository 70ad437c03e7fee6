import { type Command, InvalidArgumentError, Option } from 'commander';
import { userInfo } from 'node:os';
import type { AlertSeverity } from '../../../platform/alerting/index.js';
import { UsageError } from '../cli.errors.js';
import { ALERT_SEVERITIES } from '../names.js';
import { periodFrom } from '../period.js';
import { duration, showJson, showList, timeOf, WHOLE } from '../show.js';
import type { Style } from '../terminal.js';
import type { Tools } from '../tools.js';

/** More than anybody reads. */
const MOST = 500;
const STYLES: Readonly<Record<string, Style>> = { firing: 'red', pending: 'yellow', resolved: 'green' };
const MAX_SILENCE_SECONDS = 30 * 86_400;
const HOUR_SECONDS = 3600;

interface NewSilence {
  rule?: string;
  label: Record<string, string>;
  for: number;
  reason: string;
  json?: boolean;
}

const ago = (time: Date): string => `${duration(Date.now() - time.getTime())} ago`;
const labelsOf = (labels: Readonly<Record<string, string>>): string =>
  Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(',');

/** What is wrong, and whether anybody hears of it. */
export function alertCommands(program: Command, { open, terminal, fail }: Tools): void {
  const alerts = program.command('alerts').description('what is wrong, and whether anybody hears of it');

  alerts
    .command('list', { isDefault: true })
    .description('alerts that are pending or firing')
    .option('--all', 'also those that are over')
    .option('--rule <name>', 'only those of a rule')
    .action(async ({ all, rule, json }: { all?: boolean; rule?: string; json?: boolean }) => {
      const { alerts: list } = await open('alerting');
      const found = await list.list({ rule }, MOST);
      const shown = all ? found : found.filter(({ state }) => state !== 'resolved');
      showList(
        terminal,
        json,
        shown,
        [
          ['ALERT', ({ rule: name }) => name],
          ['STATE', ({ state }) => state, { style: ({ state }) => STYLES[state] }],
          ['SEVERITY', ({ severity }) => severity],
          ['SINCE', ({ pendingSince }) => ago(pendingSince)],
          ['TOLD', ({ toldAt }) => (toldAt ? ago(toldAt) : 'nobody')],
          ['LABELS', ({ labels }) => labelsOf(labels)],
          ['WHAT', ({ summary }) => summary],
          ['ID', ({ id }) => id, WHOLE],
        ],
        'Nothing is wrong, as far as the rules see.',
      );
    });

  alerts
    .command('show')
    .description('one of them, and who was told of it')
    .argument('<id>', 'as "list" shows it')
    .action(async (id: string) => {
      const { alerts: list } = await open('alerting');
      showJson(terminal, await list.get(uuid(id)));
    });

  alerts
    .command('rules')
    .description('when there is an alert')
    .action(async ({ json }: { json?: boolean }) => {
      const { rules, alerts: list } = await open('alerting');
      const counts = await list.openByRule();
      showList(
        terminal,
        json,
        rules.all,
        [
          ['RULE', ({ name }) => name],
          ['SEVERITY', ({ severity }) => severity],
          ['WHEN', ({ above, threshold }) => `${above ? '>' : '<'} ${threshold}`],
          ['WINDOW', ({ windowSeconds }) => duration(windowSeconds * 1000)],
          ['FOR', ({ forSeconds }) => (forSeconds === 0 ? 'at once' : duration(forSeconds * 1000))],
          ['FIRING', ({ name }) => counts.get(name)?.firing ?? 0],
          ['WHAT', ({ summary }) => summary],
        ],
        'All rules are switched off.',
      );
    });

  alerts
    .command('test')
    .description('tells every channel of an alert that there is not, to see whether it arrives')
    .argument('<rule>')
    .addOption(new Option('--severity <severity>', 'as if it were so severe').choices(ALERT_SEVERITIES))
    .action(async (rule: string, { severity, json }: { severity?: AlertSeverity; json?: boolean }) => {
      const { testFire, audit } = await open('alerting');
      const results = await audit.record(
        'cli.alerts.test',
        rule,
        async () => testFire.fire(rule, severity),
        (told) => told.map(({ channel, result }) => `${channel} ${result}`).join(', '),
      );
      showList(
        terminal,
        json,
        results,
        [
          ['CHANNEL', ({ channel }) => channel],
          [
            'RESULT',
            ({ result }) => result,
            { style: ({ result }) => (result === 'failed' ? 'red' : undefined) },
          ],
          ['TOOK', ({ durationMs }) => duration(durationMs)],
          ['ERROR', ({ error }) => error],
        ],
        'There are no channels.',
      );
      if (results.some(({ result }) => result === 'failed')) fail(1);
    });

  alerts
    .command('silence')
    .description('nobody is told of some alerts for a while; they are still listed')
    .option('--rule <name>', 'alerts of this rule')
    .option('--label <label=value>', 'alerts with this label; may be given several times', label, {})
    .requiredOption('--for <time>', 'how long, as 90s, 5m, 2h or 1d', periodFrom(60, MAX_SILENCE_SECONDS))
    .requiredOption('--reason <text>', 'for whoever finds it')
    .action(async ({ rule, label: labels, for: seconds, reason, json }: NewSilence) => {
      if (rule === undefined && Object.keys(labels).length === 0)
        throw new UsageError('Which of them? Name --rule, --label, or both.');
      const { silences, rules, audit } = await open('alerting');
      if (rule !== undefined && !rules.get(rule))
        throw new UsageError(`--rule: there is no rule ${JSON.stringify(rule)}; "alerts rules" shows all`);
      const silence = await audit.record(
        'cli.alerts.silence',
        `${rule ?? 'all rules'} for ${seconds} s`,
        async () =>
          silences.create({
            rule: rule ?? null,
            labels,
            reason,
            createdBy: `command line, ${userInfo().username}`,
            endsAt: new Date(Date.now() + seconds * 1000),
          }),
      );
      if (json) showJson(terminal, silence);
      else
        terminal.note(`Silent until ${timeOf(silence.endsAt)}. To end it: alerts unsilence ${silence.id}\n`);
    });

  alerts
    .command('silences')
    .description('those that last')
    .action(async ({ json }: { json?: boolean }) => {
      const { silences } = await open('alerting');
      showList(
        terminal,
        json,
        await silences.list(),
        [
          ['RULE', ({ rule }) => rule ?? 'all'],
          ['LABELS', ({ labels }) => labelsOf(labels)],
          ['ENDS', ({ endsAt }) => timeOf(endsAt)],
          ['BY', ({ createdBy }) => createdBy],
          ['REASON', ({ reason }) => reason],
          ['ID', ({ id }) => id, WHOLE],
        ],
        'Nothing is silenced.',
      );
    });

  alerts
    .command('unsilence')
    .description('ends a silence; people are told of what fires then')
    .argument('<id>', 'as "silences" shows it')
    .action(async (id: string, { json }: { json?: boolean }) => {
      const { silences, audit } = await open('alerting');
      await audit.record('cli.alerts.unsilence', id, async () => silences.end(uuid(id)));
      if (json) showJson(terminal, { id });
      else terminal.note('The silence has ended.\n');
    });

  alerts
    .command('errors')
    .description('what all processes have logged as an error, by kind')
    .option('--for <time>', 'how far to look back, as 5m or 1h', periodFrom(60, HOUR_SECONDS), HOUR_SECONDS)
    .action(async ({ for: seconds, json }: { for: number; json?: boolean }) => {
      const { errors } = await open('alerting');
      showList(
        terminal,
        json,
        await errors.recent(seconds),
        [
          ['COUNT', ({ count }) => count],
          ['LAST', ({ at }) => ago(new Date(at))],
          ['MODULE', ({ module }) => module],
          ['ERROR', ({ error }) => error],
          ['MESSAGE', ({ message }) => message],
          ['FINGERPRINT', ({ fingerprint }) => fingerprint, WHOLE],
        ],
        'No errors were logged.',
      );
    });

  alerts
    .command('prometheus-rules')
    .description('the same rules for Prometheus, with what ALERT_RULES_FILE changes')
    .action(async () => {
      const { prometheusRules } = await open('alerting');
      terminal.out(prometheusRules());
    });
}

function label(given: string, others: Record<string, string>): Record<string, string> {
  const [, name, value] = /^([a-z_]{1,100})=(.{1,300})$/u.exec(given) ?? [];
  if (name === undefined || value === undefined)
    throw new InvalidArgumentError('Expected a label and its value, as queue=low.');
  return { ...others, [name]: value };
}

function uuid(given: string): string {
  if (!/^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i.test(given))
    throw new UsageError('ID: expected one as the list shows it.');
  return given;
}
