import { isSecretName } from './secret-names.js';
import { REDACTED, shownText } from './shown-text.js';

/** Containers within containers that are looked into. */
const MAX_DEPTH = 20;
/** Elements of a list, and members of an object. */
const MAX_MEMBERS = 200;
/** Characters. */
const MAX_STRING = 2000;
const MAX_NAME = 200;
/** Bytes that each container keeps for saying what it leaves out. */
const MARK_BYTES = 40;

export interface ShownJson {
  readonly json: string;
  /** Whether it says all that the value did: then there is no need to keep the value as well. */
  readonly whole: boolean;
}

/**
 * A value as people may see it, as JSON that PostgreSQL takes for jsonb: what is secret by its name or looks like
 * credentials is replaced, and what is too long, too deep or too much is left out, saying so where it was.
 * @param maxBytes of the JSON in UTF-8, at least 100.
 * @param maxString characters of each text in it.
 */
export function shownJson(value: unknown, maxBytes: number, maxString = MAX_STRING): ShownJson {
  const writer = new Writer(maxBytes, maxString);
  try {
    const json = writer.write(value, 0);
    return { json, whole: writer.whole };
  } catch {
    // A getter or a toJSON that throws: results may be anything.
    return { json: '"… cannot be shown"', whole: false };
  }
}

/** One pass over a value that writes JSON while there is room, so that the work is bounded as well. */
class Writer {
  whole = true;

  constructor(
    private left: number,
    private readonly maxString: number,
  ) {}

  /** @returns JSON of at most as many bytes as were left, or of a mark. */
  write(value: unknown, depth: number): string {
    if (typeof value === 'string') return this.text(value);
    if (typeof value === 'object' && value !== null) return this.container(value, depth);
    if (typeof value === 'bigint') return this.text(String(value));
    if (typeof value === 'boolean') return this.plain(String(value));
    return this.plain(Number.isFinite(value) ? JSON.stringify(value) : 'null');
  }

  private plain(json: string): string {
    this.left -= json.length;
    return json;
  }

  private text(value: string): string {
    const shown = shownText(value, this.maxString);
    if (shown !== value) this.whole = false;
    let json = JSON.stringify(shown);
    if (Buffer.byteLength(json) > this.left) {
      this.whole = false;
      // A character takes up to six bytes, so what is left of it fits whatever it consists of.
      json = JSON.stringify(shownText(shown, Math.max(0, Math.floor((this.left - MARK_BYTES) / 6))));
    }
    this.left -= Buffer.byteLength(json);
    return json;
  }

  private container(value: object, depth: number): string {
    if (depth >= MAX_DEPTH) return this.mark('… nested too deep');
    if ('toJSON' in value && typeof value.toJSON === 'function') return this.write(value.toJSON(), depth + 1);
    this.left -= 2 + MARK_BYTES;
    const json = Array.isArray(value) ? this.list(value, depth) : this.members(value, depth);
    this.left += MARK_BYTES;
    return json;
  }

  private list(values: readonly unknown[], depth: number): string {
    const parts: string[] = [];
    // A header as a pair, as many libraries have them.
    const secret = values.length === 2 && typeof values[0] === 'string' && isSecretName(values[0]);
    for (const [index, value] of values.entries()) {
      if (index >= MAX_MEMBERS || !this.hasRoom(0)) {
        parts.push(this.mark(`… ${values.length - index} more`));
        break;
      }
      this.left--;
      parts.push(secret && index === 1 ? this.redacted() : this.write(value, depth + 1));
    }
    return `[${parts.join(',')}]`;
  }

  private members(value: object, depth: number): string {
    const parts: string[] = [];
    const members = Object.entries(value).filter(([, member]) => isJson(member));
    const secretPair = members.some(([name, member]) => isNaming(name, member));
    for (const [index, [name, member]] of members.entries()) {
      const key = JSON.stringify(this.name(name));
      const keyBytes = Buffer.byteLength(key) + 2;
      if (index >= MAX_MEMBERS || !this.hasRoom(keyBytes)) {
        parts.push(`"…":${this.mark(`${members.length - index} more`)}`);
        break;
      }
      this.left -= keyBytes;
      const hidden = isSecretName(name) || (secretPair && name.toLowerCase() === 'value');
      parts.push(`${key}:${hidden ? this.redacted() : this.write(member, depth + 1)}`);
    }
    return `{${parts.join(',')}}`;
  }

  private name(name: string): string {
    const shown = shownText(name, MAX_NAME);
    if (shown !== name) this.whole = false;
    return shown;
  }

  /** Whether a member still fits, at least as the mark of a container that is left out. */
  private hasRoom(bytes: number): boolean {
    return this.left >= bytes + 2 * MARK_BYTES;
  }

  private redacted(): string {
    this.whole = false;
    return this.plain(JSON.stringify(REDACTED));
  }

  /** Says what is missing; the room for it was kept. */
  private mark(text: string): string {
    this.whole = false;
    this.left -= MARK_BYTES;
    return JSON.stringify(text);
  }
}

/** What JSON.stringify keeps of an object. */
function isJson(member: unknown): boolean {
  return member !== undefined && typeof member !== 'function' && typeof member !== 'symbol';
}

/** `{ "name": "Authorization", "value": … }`, as many formats have headers and form fields. */
function isNaming(name: string, member: unknown): boolean {
  return /^(?:name|key|header)$/i.test(name) && typeof member === 'string' && isSecretName(member);
}
