/** What marks a name as that of something secret; the words of one, where languages put separators between them. */
const SECRET_PARTS = [
  ['passw'],
  ['pass', 'phrase'],
  ['secret'],
  ['token'],
  ['authorization'],
  ['cookie'],
  ['api', 'key'],
  ['access', 'key'],
  ['private', 'key'],
  ['signing', 'key'],
  ['credential'],
  ['bearer'],
  ['jwt'],
  ['session', 'id'],
  ['signature'],
];
/** Names that are too short to be looked for inside others. */
const SECRET_NAMES = ['auth', 'pass', 'pwd', 'pin', 'otp'];

const SECRET_PART = new RegExp(SECRET_PARTS.map((words) => words.join('')).join('|'));
const SHORT_NAMES = new Set(SECRET_NAMES);

/** No name is longer than this, apart from those that somebody made up to be. */
const MAX_NAME = 200;

/** Whether what has this name is nobody's business, e.g. `password`, `api_key`, `X-Auth-Token`. */
export function isSecretName(name: string): boolean {
  const bare = name
    .slice(0, MAX_NAME)
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '');
  return SHORT_NAMES.has(bare) || SECRET_PART.test(bare);
}

/** Source of a regular expression, for any case, that finds such a name wherever it stands in a text. */
export const SECRET_NAME_WITHIN = [
  ...SECRET_PARTS.map((words) => words.join('[^a-z0-9]?')),
  `(?<![a-z0-9])(?:${SECRET_NAMES.join('|')})(?![a-z0-9])`,
].join('|');
