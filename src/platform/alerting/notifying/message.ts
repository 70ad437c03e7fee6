import { type AlertRule, type AlertSeverity, runbookName } from '../rules/rule.js';

/** `still_firing`: told before, and it is still so. */
export type MessageKind = 'firing' | 'still_firing' | 'resolved' | 'test';

/** One alert, as people and programs are told of it. */
export interface ToldAlert {
  /** The same from its beginning to its end. */
  readonly id: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly summary: string;
  readonly value: number;
  readonly threshold: number;
  readonly startedAt: string;
  readonly resolvedAt: string | null;
}

/** What a channel delivers; also the body of the webhook. Alerts of one rule that began together are in one. */
export interface AlertMessage {
  readonly kind: MessageKind;
  readonly rule: string;
  readonly severity: AlertSeverity;
  readonly runbook: string;
  /** Up to {@link MAX_TOLD}; `more` says how many there are beyond. */
  readonly alerts: readonly ToldAlert[];
  readonly more: number;
  /** What may explain it, e.g. the errors that were logged most, one line each. */
  readonly details: readonly string[];
  readonly at: string;
}

/** A message is for people, who do not read a hundred lines. */
export const MAX_TOLD = 20;

/** One line that says it all, e.g. for a subject. */
export function headline({ kind, rule, severity, alerts, more }: AlertMessage): string {
  const count = alerts.length + more;
  const what = count === 1 ? (alerts[0]?.summary ?? rule) : `${count} alerts`;
  const word = { firing: 'FIRING', still_firing: 'STILL FIRING', resolved: 'RESOLVED', test: 'TEST' }[kind];
  return `[${word}] ${severity}: ${rule}: ${what}`;
}

/** The whole of it as lines of text. */
export function linesOf(message: AlertMessage): string[] {
  const { alerts, more, details, runbook } = message;
  const told = alerts.length + more > 1 ? alerts.map(({ summary }) => `- ${summary}`) : [];
  return [...told, ...(more > 0 ? [`… and ${more} more`] : []), ...details, `What to do: ${runbook}`];
}

/** Where the page is that tells what to do. @param base where all of them are. */
export function runbookOf(rule: Pick<AlertRule, 'name'>, base: string): string {
  return `${base.replace(/\/$/, '')}/${runbookName(rule)}.md`;
}
