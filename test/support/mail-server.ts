import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';

/** A mail server of a test, which wants a password. */
export class MailServer {
  readonly mails: { from: string; to: string[]; text: string }[] = [];
  /** What it says to a mail instead of taking it. */
  refusal: { code: number; message: string } | undefined;

  private constructor(private readonly server: SMTPServer) {}

  static async start(password: string): Promise<MailServer> {
    const server = new SMTPServer({
      authOptional: false,
      allowInsecureAuth: true,
      disabledCommands: ['STARTTLS'],
      onAuth: ({ password: given }, _session, done) =>
        given === password ? done(null, { user: 'gleaner' }) : done(new Error('wrong password')),
      onData: (stream, session, done) => {
        const chunks: Buffer[] = [];
        stream.on('data', (chunk: Buffer) => chunks.push(chunk));
        stream.on('end', () => {
          if (mailServer.refusal)
            return done(
              Object.assign(new Error(mailServer.refusal.message), { responseCode: mailServer.refusal.code }),
            );
          const { mailFrom, rcptTo } = session.envelope;
          mailServer.mails.push({
            from: mailFrom ? mailFrom.address : '',
            to: rcptTo.map(({ address }) => address),
            text: Buffer.concat(chunks).toString('utf8'),
          });
          done();
        });
      },
    });
    const mailServer = new MailServer(server);
    server.listen(0, '127.0.0.1');
    await once(server.server, 'listening');
    return mailServer;
  }

  get port(): number {
    return (this.server.server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.server.close(resolve));
  }
}
