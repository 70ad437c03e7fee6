const MAX_LENGTH = 500;

/** What an audit entry says beside who did what, as long as it may be. */
export const auditDetail = (...said: readonly string[]): string => said.join(': ').slice(0, MAX_LENGTH);
