/** Parts of names, without separators and in lower case, that mark what belongs to them as secret. */
const SECRET_PART =
  /passw|passphrase|secret|token|authorization|cookie|apikey|accesskey|privatekey|signingkey|credential|bearer|jwt|sessionid|signature/;
/** Names that are too short to be looked for inside others. */
const SECRET_NAMES = new Set(['auth', 'pass', 'pwd', 'pin', 'otp']);

/** No name is longer than this, apart from those that somebody made up to be. */
const MAX_NAME = 200;

/** Whether what has this name is nobody's business, e.g. `password`, `api_key`, `X-Auth-Token`. */
export function isSecretName(name: string): boolean {
  const bare = name
    .slice(0, MAX_NAME)
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '');
  return SECRET_NAMES.has(bare) || SECRET_PART.test(bare);
}
