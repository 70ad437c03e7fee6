import { type AlertMessage, headline, linesOf } from '../message.js';
import type { AlertChannel } from './channel.js';
import { postJson } from './post-json.js';

/** Slack's limit for the text of a section is 3000 characters; it cuts nothing, but refuses the message. */
const MAX_SECTION = 2900;
const EMOJI = {
  firing: ':rotating_light:',
  still_firing: ':rotating_light:',
  resolved: ':white_check_mark:',
  test: ':test_tube:',
};

/** An incoming webhook of Slack, or of what speaks as it does (Mattermost, Rocket.Chat). */
export class SlackChannel implements AlertChannel {
  readonly name = 'slack';
  readonly oneByOne = false;

  constructor(private readonly url: string) {}

  accepts(): boolean {
    return true;
  }

  async deliver(message: AlertMessage): Promise<void> {
    await postJson(this.url, JSON.stringify(slackMessage(message)));
  }
}

/** `text` is for what shows no blocks, such as notifications on a phone. */
function slackMessage(message: AlertMessage): object {
  const title = escaped(headline(message));
  const lines = linesOf(message).map(escaped).join('\n').slice(0, MAX_SECTION);
  return {
    text: title,
    blocks: [
      {
        type: 'section',
        text: { type: 'mrkdwn', text: `${EMOJI[message.kind]} *${title.slice(0, MAX_SECTION)}*` },
      },
      { type: 'section', text: { type: 'mrkdwn', text: lines } },
    ],
  };
}

/** These three have a meaning for Slack: with them a message could call a whole channel. */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
