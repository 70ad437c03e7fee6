/** Who asks, as proven by an API key; whoever presents none has no principal. */
export interface Principal {
  /** Id of the key: what is counted, audited and revoked. */
  keyId: string;
  /** The name that people gave the key. */
  name: string;
  /** What the key may do; each may do what the ones before it may. */
  role: 'viewer' | 'operator' | 'admin';
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by authentication before any other guard runs. */
    principal?: Principal;
  }
}
